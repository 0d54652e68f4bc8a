#![allow(clippy::unwrap_used, clippy::print_stderr)]
use crate::testing::*;
use kaiku_stripped::Mark;
use kaiku_release::{Policy, Period};
use std::time::Instant;

#[tokio::test(flavor="multi_thread", worker_threads=2)]
async fn perf() {
    let folder = tempfile::tempdir_in("/work").unwrap();
    let today = day("2026-11-24");
    let items: &[&'static str] = &["a1","a2","a3","a4","a5","a6","a7","a8","b1","b2","b3","b4","b5","b6","b7"];
    let countries: &[&'static str] = &["FI","SE","NO","DK","DE","FR","IT","ES","GB","IE","PL","EE"];
    let releases: &[&'static str] = &["4.1","4.2","4.3"];
    let mut n = 0u32;
    let mut rnd = move |m: usize| { n = n.wrapping_mul(1664525).wrapping_add(1013904223); (n >> 8) as usize % m };
    let mut records = vec![];
    let mut bytes = 0;
    for _ in 0..2700 {
        let evs = (0..40).map(|_| { let mut e = used(if rnd(3)==0 {"music"} else {"maps"}, items[rnd(items.len())], if rnd(2)==0 {&[Mark::FirstAppDay, Mark::FirstItemDay]} else {&[]}); e.country = countries[rnd(12)]; e.release = releases[rnd(3)]; e.times = rnd(1000) as i32; 
          e.model_n = rnd(120) as u32; e.operator_n = rnd(40) as u32; e }).collect();
        let r = events(today, evs); bytes += r.len(); records.push(r);
    }
    eprintln!("{} records {} bytes", records.len(), bytes);
    let log = log(folder.path(), 0).await;
    let t = Instant::now();
    let mut hand = Hand::new(&log);
    for r in &records { hand.take(r).await.unwrap(); }
    hand.lane.settle().await.unwrap();
    eprintln!("decoded {:?}", t.elapsed());
    hand.take(&closed(today)).await.unwrap();
    let (e, d) = hand.lane.close().await.unwrap();
    eprintln!("closed {:?} {:?} bytes {}", t.elapsed(), e.data, d.as_ref().unwrap().len());
    hand.lane.roll(&e, d).await.unwrap();
    eprintln!("rolled {:?}", t.elapsed());
    let mut s = sealer(folder.path(), 1, Policy::small()).await;
    let t = Instant::now();
    s.seal(today).await.unwrap();
    eprintln!("sealed {:?}", t.elapsed());
    crate::seal::clean(&s, Period::Day(today), true).await.unwrap();
    eprintln!("cleaned {:?}", t.elapsed());
}
