//! Objects appear whole and once, and nothing is left of those that did not.

#![allow(clippy::unwrap_used)]

use super::*;

fn files(folder: &FsPath) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                waiting.push(entry.path());
            } else {
                let path = entry.path();
                found.push(path.strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

fn store(folder: &FsPath) -> Store {
    Store::open(
        folder.join("rollups").to_str().unwrap(),
        None,
        &S3Config::default(),
    )
    .unwrap()
}

#[tokio::test]
async fn the_first_put_wins_and_the_second_is_told_what_stands_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let path = Path::from("table/app=maps/day=2026-11-24/rollup.parquet");
    let one = Bytes::from_static(b"one");
    let two = Bytes::from_static(b"two");
    let put = store.put_if_absent(&path, one.clone()).await.unwrap();
    assert_eq!(put, Put::Created);
    let put = store.put_if_absent(&path, two.clone()).await.unwrap();
    assert_eq!(put, Put::Exists(one.clone()));
    store.put_same(&path, one.clone()).await.unwrap();
    assert!(matches!(
        store.put_same(&path, two).await,
        Err(Error::Altered { .. })
    ));
    assert_eq!(store.get(&path).await.unwrap(), Some(one));
    let listed = store.list(&Path::from("table")).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&path));
    assert_eq!(
        files(folder.path()),
        ["rollups/table/app=maps/day=2026-11-24/rollup.parquet"]
    );
    store.delete(&path).await.unwrap();
    store.delete(&path).await.unwrap();
    assert_eq!(store.get(&path).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_replaced_is_the_new_object_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let path = Path::from("a/b.json");
    for bytes in ["one", "another", ""] {
        let bytes = Bytes::from_static(bytes.as_bytes());
        store.replace(&path, bytes.clone()).await.unwrap();
        assert_eq!(store.get(&path).await.unwrap(), Some(bytes));
        assert_eq!(files(folder.path()), ["rollups/a/b.json"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_finds_one_of_the_objects_whole_while_they_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let path = Path::from("a/b");
    store.replace(&path, vec![0; 10_000].into()).await.unwrap();
    let writers: Vec<_> = (1_u8..5)
        .map(|n| {
            let (store, path) = (store.clone(), path.clone());
            tokio::spawn(async move {
                for _ in 0..10 {
                    store.replace(&path, vec![n; 10_000].into()).await.unwrap();
                }
            })
        })
        .collect();
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        let found = store.get(&path).await.unwrap().unwrap();
        assert_eq!(found.len(), 10_000);
        assert!(found.iter().all(|byte| *byte == found[0]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_puts_at_once_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let path = Path::from("a/b");
    let tasks: Vec<_> = (0_u8..16)
        .map(|n| {
            let (store, path) = (store.clone(), path.clone());
            tokio::spawn(async move { store.put_if_absent(&path, vec![n; 100].into()).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        won += usize::from(task.await.unwrap().unwrap() == Put::Created);
    }
    assert_eq!(won, 1);
    assert_eq!(files(folder.path()), ["rollups/a/b"]);
}

#[test]
fn what_a_crash_left_is_cleaned_up_and_never_stands_in_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let staging = folder.path().join(".kaiku-tmp");
    drop(store(folder.path()));
    let old = staging.join("rollups-1-1.tmp");
    std::fs::write(&old, b"half").unwrap();
    let ago = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    std::fs::File::open(&old)
        .unwrap()
        .set_modified(ago)
        .unwrap();
    std::fs::write(staging.join("rollups-1-2.tmp"), b"of another process").unwrap();
    drop(store(folder.path()));
    assert_eq!(files(folder.path()), [".kaiku-tmp/rollups-1-2.tmp"]);
}

#[test]
fn a_staging_folder_within_the_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("rollups");
    let place = root.to_str().unwrap();
    let refused = Store::open(place, Some(&root.join("tmp")), &S3Config::default());
    assert!(matches!(refused, Err(Error::Place { .. })));
    assert!(files(folder.path()).is_empty());
}
