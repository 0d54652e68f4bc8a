//! Text can't become a model.
use kaiku_catalogue::Model;

fn main() {
    let _: Model = "Nokia/TA-1053".into();
}
