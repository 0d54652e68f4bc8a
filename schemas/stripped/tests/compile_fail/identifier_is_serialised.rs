//! An identifier can't be serialised outside of the codec.
use kaiku_raw::DeviceId;

fn main() {
    let id = DeviceId::new([7; 16]);
    let _ = serde_json::to_string(&id);
}
