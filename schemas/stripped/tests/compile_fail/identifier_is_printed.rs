//! An identifier can't be printed.
use kaiku_raw::DeviceId;

fn main() {
    let id = DeviceId::new([7; 16]);
    let _ = format!("{id}");
}
