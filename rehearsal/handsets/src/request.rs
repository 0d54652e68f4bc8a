//! What leaves a handset, and what it says, read back from its bytes.

use std::io::Read;

use anyhow::{Context, Result, anyhow, bail};
use flate2::read::GzDecoder;
use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Garbage, Route, Upload, What, kept, kept_batch};
use kaiku_raw::{
    Consent, Decoder, DeviceId, Forget, Limits, RawBatch, Reason, Record, partition_of,
};
use serde_json::Value;

/// A request that a handset makes.
pub struct Request {
    /// Path at the gateway.
    pub path: &'static str,
    /// Headers, names in small letters; that which names the app is left to whoever sends it.
    pub headers: Vec<(&'static str, String)>,
    /// Body, as it leaves.
    pub body: Vec<u8>,
    /// The record that it becomes, in Avro; empty for one who is to be forgotten.
    pub record: Vec<u8>,
    /// What it says.
    pub upload: Upload,
}

impl Request {
    pub(crate) fn of(number: u32, request: kaiku_device::Upload) -> Result<Request> {
        let (record, what) = match request.path {
            "/v1/batch" => {
                let mut record = Vec::new();
                GzDecoder::new(&request.body[..])
                    .read_to_end(&mut record)
                    .context("opening an upload")?;
                let batch = batch(&record)?;
                (record, What::Batch(batch))
            }
            "/v1/forget" => (Vec::new(), What::Forget(forget(&request.body)?)),
            other => bail!("a handset sends to {other}"),
        };
        let mut headers = request.headers;
        headers.retain(|(name, _)| *name != "authorization");
        Ok(Request {
            path: request.path,
            headers,
            body: request.body,
            record,
            upload: Upload {
                device: crate::FIRST_NUMBER + number,
                route: Route::Gateway,
                what,
            },
        })
    }

    /// What becomes of it behind the gateway, with these partitions: whoever has agreed by a clock that
    /// was wrong may have done so before there was a text, and is rejected.
    pub fn as_taken(&self, catalogue: &Catalogue, partitions: i32) -> Upload {
        let program = catalogue.program();
        let accepts = |consent: Consent| {
            let version = u32::try_from(consent.version).ok();
            version
                .zip(consent.since())
                .is_some_and(|(version, since)| program.accepts(version, since).is_ok())
        };
        let is_refused = |batch: &&RawBatch<'_>| !batch.consent.is_some_and(accepts);
        let Some(batch) = self.batch().filter(is_refused) else {
            return self.upload.clone();
        };
        let key = *batch.device.id.as_bytes();
        Upload {
            what: What::Garbage(Garbage {
                key,
                partition: partition_of(&key, partitions),
                bytes: self.record.clone(),
                reason: Reason::BadConsent,
            }),
            ..self.upload.clone()
        }
    }

    /// The batch, where it is one.
    pub fn batch(&self) -> Option<&RawBatch<'static>> {
        match &self.upload.what {
            What::Batch(batch) => Some(batch),
            _ => None,
        }
    }
}

fn batch(record: &[u8]) -> Result<RawBatch<'static>> {
    let decoder = Decoder::new(Limits::CONTRACT);
    match decoder.decode(record) {
        Ok(Record::Batch(batch)) => Ok(kept_batch(&batch)),
        Ok(_) => bail!("an upload of a handset is no batch"),
        Err(error) => Err(error).context("reading an upload of a handset"),
    }
}

fn forget(body: &[u8]) -> Result<Forget<'static>> {
    let value: Value = serde_json::from_slice(body).context("reading who is to be forgotten")?;
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let id = text("device_id").ok_or_else(|| anyhow!("nobody is to be forgotten"))?;
    let mut bytes = [0; 16];
    hex::decode_to_slice(id, &mut bytes).context("reading who is to be forgotten")?;
    Ok(Forget {
        device_id: DeviceId::new(bytes),
        app: text("app").map(kept),
    })
}
