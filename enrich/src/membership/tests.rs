//! What a rebalance does to partitions, whatever their lanes were doing.

use kaiku_stage::Standstill;

use super::*;
use crate::progress::LaneStatus;

fn suspect() -> Option<Suspect> {
    Some(Suspect {
        offset: 7,
        crashes: 1,
    })
}

fn warm() -> Warm {
    Warm {
        reached: crate::lane::Reached {
            next: 7,
            ..crate::lane::Reached::default()
        },
        table: Box::default(),
    }
}

fn left(warm: Warm) -> Held {
    Held::Left {
        since: Instant::now(),
        warm: Some(warm),
        suspect: None,
    }
}

fn waiting(partitions: &Partitions) -> Vec<(i32, Option<Suspect>)> {
    let mut all: Vec<_> = partitions
        .held
        .iter()
        .filter(|(_, held)| matches!(held, Held::Waiting { .. }))
        .map(|(partition, held)| (*partition, held.suspect()))
        .collect();
    all.sort_by_key(|(partition, _)| *partition);
    all
}

#[test]
fn what_is_assigned_waits_for_its_lane_whatever_it_was_before() {
    let mut partitions = Partitions::default();
    partitions
        .held
        .insert(1, Held::Refused { suspect: suspect() });
    partitions.assign(vec![0, 1], None);
    assert_eq!(waiting(&partitions), [(0, None), (1, suspect())]);
    assert_eq!(partitions.fresh.as_deref(), Some(&[0, 1][..]));
}

#[test]
fn a_record_that_crashed_a_lane_is_remembered_while_the_partition_is_elsewhere() {
    let mut partitions = Partitions::default();
    let left = Held::Left {
        since: Instant::now(),
        warm: None,
        suspect: suspect(),
    };
    partitions.held.insert(3, left);
    partitions.assign(vec![0], None);
    assert_eq!(waiting(&partitions), [(0, None)]);
    partitions.assign(vec![3], None);
    assert_eq!(waiting(&partitions), [(3, suspect())]);
    assert!(!partitions.held.contains_key(&0), "nothing is kept of it");
}

#[test]
fn an_assignment_of_nothing_keeps_what_the_lanes_have_left() {
    let mut partitions = Partitions::default();
    let warm = warm();
    partitions.held.insert(0, left(warm));
    partitions.assign(vec![], None);
    partitions.assign(vec![0], None);
    let kept = partitions.held.remove(&0);
    assert!(matches!(kept, Some(Held::Waiting { warm: Some(warm), .. }) if warm.reached.next == 7));
}

#[test]
fn a_member_that_gets_nothing_keeps_no_table_of_devices_for_long() {
    let membership = Membership::new(Progress::default());
    membership.set(0, left(warm()));
    // Again and again nothing is assigned to it, and its time begins but once.
    let now = Instant::now();
    membership.partitions().assign(vec![], None);
    let is_kept = |after: Duration| {
        membership.drop_old(now + after);
        let partitions = membership.partitions();
        matches!(partitions.held[&0], Held::Left { warm: Some(_), .. })
    };
    assert!(is_kept(KEPT / 2));
    assert!(!is_kept(KEPT));
}

#[test]
fn a_lane_that_commits_while_its_partition_goes_leaves_nothing_to_be_seen() {
    let progress = Progress::default();
    let membership = Membership::new(progress.clone());
    let shared = Arc::new(Shared::default());
    let (of_lane, shown) = (Arc::clone(&shared), progress.clone());
    let thread = std::thread::spawn(move || {
        while !of_lane.stop.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        // Long enough for whoever does not wait.
        std::thread::sleep(Duration::from_millis(50));
        shown.show(0, LaneStatus::default());
        shown.stands_still(0, Standstill::UnknownSchema, "of before");
        End::Lost
    });
    let lane = Running { shared, thread };
    membership.set(
        0,
        Held::Running {
            lane,
            suspect: None,
        },
    );
    membership.leave_all();
    assert!(progress.lanes().is_empty());
    assert!(progress.readiness().standstills().is_empty());
}

#[test]
fn a_partition_that_stood_still_and_goes_leaves_nothing_to_be_seen() {
    let progress = Progress::default();
    let membership = Membership::new(progress.clone());
    let failed = Held::Waiting {
        since: Instant::now(),
        warm: None,
        suspect: None,
    };
    let refused = Held::Refused { suspect: None };
    let both = [(Standstill::Failed, failed), (Standstill::RawGap, refused)];
    for (partition, (why, held)) in (0..).zip(both) {
        progress.stands_still(partition, why, "of before");
        membership.set(partition, held);
    }
    membership.leave_all();
    assert!(progress.lanes().is_empty());
    assert!(progress.readiness().standstills().is_empty());
}

#[test]
fn without_an_assignment_no_lane_is_due() {
    let membership = Membership::new(Progress::default());
    let waiting = Held::Waiting {
        since: Instant::now(),
        warm: None,
        suspect: None,
    };
    membership.set(0, waiting);
    assert!(membership.take_due(Instant::now()).is_empty());
}
