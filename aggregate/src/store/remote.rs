//! Puts to a store behind a network, each conditional: a put whose answer is lost may stand there all
//! the same, or arrive later, and must then change nothing.

use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{
    Error as Refusal, ObjectStore, ObjectStoreExt, PutMode, PutPayload, UpdateVersion,
};

use super::Put;
use crate::error::Error;

/// How often a put is tried whose outcome is not known: the answer was lost, or the store says that
/// something is in its way which then is not there. S3 says so (409) while two puts are under way.
const TRIES: u32 = 5;

/// The wait before the second try; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(50);

/// What an answer to a put says.
enum Told {
    Done,
    /// Something stands there, another put is under way, or there is no answer that says.
    Open(Refusal),
}

/// Puts an object under a name that is free. Where the answer says anything else than that it stands
/// there, what does is read back: the very bytes are this put's own, or as good. The client itself tries
/// again where a connection ends, so that even a plain refusal (412) may be the echo of a first try.
pub(super) async fn put_if_absent(
    objects: &dyn ObjectStore,
    path: &Path,
    bytes: Bytes,
) -> Result<Put, Error> {
    let mut tries = 0;
    loop {
        let told = put(objects, path, &bytes, PutMode::Create).await;
        let last = match told.map_err(Error::store("putting", path))? {
            Told::Done => return Ok(Put::Created),
            Told::Open(last) => last,
        };
        match read(objects, path).await? {
            Some((found, _)) if found == bytes => return Ok(Put::Created),
            Some((found, _)) => return Ok(Put::Exists(found)),
            None => pause(&mut tries, "putting", path, last).await?,
        }
    }
}

/// Puts an object in the place of what stands there, and only of that: so a put that arrives late can't
/// bring back what was replaced since.
pub(super) async fn replace(
    objects: &dyn ObjectStore,
    path: &Path,
    bytes: Bytes,
) -> Result<(), Error> {
    let mut tries = 0;
    loop {
        let mode = match read(objects, path).await? {
            Some((found, _)) if found == bytes => return Ok(()),
            Some((_, version)) => PutMode::Update(version),
            None => PutMode::Create,
        };
        let told = put(objects, path, &bytes, mode).await;
        match told.map_err(Error::store("replacing", path))? {
            Told::Done => return Ok(()),
            Told::Open(last) => {
                pause(&mut tries, "replacing", path, last).await?;
            }
        }
    }
}

async fn put(
    objects: &dyn ObjectStore,
    path: &Path,
    bytes: &Bytes,
    mode: PutMode,
) -> Result<Told, Refusal> {
    let payload = PutPayload::from_bytes(bytes.clone());
    match objects.put_opts(path, payload, mode.into()).await {
        Ok(_) => Ok(Told::Done),
        // Of these, `Generic` is timeouts, connections that ended, and answers of 500 and above.
        Err(
            last @ (Refusal::AlreadyExists { .. }
            | Refusal::Precondition { .. }
            | Refusal::Generic { .. }),
        ) => Ok(Told::Open(last)),
        Err(error) => Err(error),
    }
}

/// What stands there, and which version of it; `None` where nothing does.
async fn read(
    objects: &dyn ObjectStore,
    path: &Path,
) -> Result<Option<(Bytes, UpdateVersion)>, Error> {
    let found = match objects.get(path).await {
        Ok(found) => found,
        Err(Refusal::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(Error::store("getting", path)(error)),
    };
    let version = UpdateVersion {
        e_tag: found.meta.e_tag.clone(),
        version: found.meta.version.clone(),
    };
    let bytes = found.bytes().await.map_err(Error::store("getting", path))?;
    Ok(Some((bytes, version)))
}

/// Waits before the next try; gives up behind the last.
async fn pause(
    tries: &mut u32,
    operation: &'static str,
    path: &Path,
    last: Refusal,
) -> Result<(), Error> {
    *tries += 1;
    if *tries == TRIES {
        return Err(Error::store(operation, path)(last));
    }
    tokio::time::sleep(PAUSE * 2_u32.pow(*tries - 1)).await;
    Ok(())
}

#[cfg(all(test, feature = "s3"))]
mod tests;
