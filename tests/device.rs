//! The device's library as apps take it in: examples in C, Python and Kotlin, against the gateway
//! over HTTPS, with Kafka behind it.

mod bindings;
mod document;
mod door;
mod host;
mod kills;
mod kotlin;
mod page;
