//! The day of the demo's handsets: devices that run the device's own library, against the demo's
//! gateway.

use anyhow::Result;
use kaiku_handsets::Handsets;
use kaiku_rehearsal::Whole;
use kaiku_wire::Day;

use super::{DAY_MS, Demo, PARTITIONS};

impl Demo<'_> {
    /// Has the handsets live a day; what the gateway takes of them is counted by the truth.
    pub(super) fn handsets(&mut self, day: Day, handsets: &mut Handsets) -> Result<()> {
        let late = day.start_millis() + DAY_MS - 1;
        handsets.day(day, &mut |request| {
            let whole = Whole {
                path: request.path,
                headers: request.headers.clone(),
                body: request.body.clone(),
            };
            let status = self.sender.exchange(&request.upload, whole, late)?;
            if let Some(id) = request.upload.what.device_id() {
                self.seen.insert(*id.as_bytes());
            }
            if status == 202 {
                let taken = request.as_taken(self.catalogue, PARTITIONS);
                self.truth.sent(&taken, day);
            }
            Ok(status)
        })
    }
}
