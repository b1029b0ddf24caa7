use shared::problem::HasProblem as _;
use shared::testing::ManualClock;

use super::*;

fn clock_and_cache() -> (Arc<ManualClock>, Arc<dyn Cache>) {
    let clock = Arc::new(ManualClock::at(60_000_000));
    let cache = Arc::new(MemoryCache::new(clock.clone()));
    (clock, cache)
}

fn limits(per_address: u32) -> (Arc<ManualClock>, RateLimits) {
    let (clock, cache) = clock_and_cache();
    let settings = LimitSettings {
        per_address,
        per_user: 0,
        sensitive: 0,
        global: 2,
    };
    (clock.clone(), RateLimits::new(cache, settings, clock))
}

#[tokio::test]
async fn a_limit_admits_as_many_as_it_says_and_no_more() {
    let (clock, limits) = limits(10);
    for left in (0..10).rev() {
        let verdict = limits.of_address("a").await.unwrap();
        assert!(verdict.admitted);
        assert_eq!((verdict.limit, verdict.remaining), (10, left));
    }
    let refused = limits.of_address("a").await.unwrap();
    assert!(!refused.admitted && refused.reset <= Duration::from_mins(1));
    assert!(limits.of_address("b").await.unwrap().admitted);
    assert!(limits.of_user("a").await.is_none(), "0 is no limit");
    // Half a minute into the next window half of the last one still counts.
    clock.advance(Duration::from_secs(90));
    let mut admitted = 0;
    while limits.of_address("a").await.unwrap().admitted {
        admitted += 1;
    }
    assert_eq!(admitted, 5);
    clock.advance(Duration::from_mins(3));
    assert!(limits.of_address("a").await.unwrap().admitted);
}

#[tokio::test]
async fn the_whole_process_has_a_limit_of_its_own() {
    let (_, limits) = limits(0);
    assert!(limits.of_all().unwrap().admitted);
    assert!(limits.of_all().unwrap().admitted);
    assert!(!limits.of_all().unwrap().admitted);
}

fn delays(cache: Arc<dyn Cache>, clock: Arc<ManualClock>) -> LoginDelays {
    let settings = LoginSettings {
        attempts: 3,
        first_delay: Duration::from_secs(5),
        longest_delay: Duration::from_mins(15),
        memory: Duration::from_hours(1),
    };
    LoginDelays::new(cache, settings, clock)
}

#[tokio::test]
async fn delays_grow_and_end() {
    let (clock, cache) = clock_and_cache();
    let delays = delays(cache, clock.clone());
    for _ in 0..3 {
        delays.admit("ana", "1", 3).await.unwrap();
    }
    let mut expected = 5;
    for _ in 0..4 {
        let refused = delays.admit("ana", "1", 3).await.unwrap_err();
        assert_eq!(refused.wait, Duration::from_secs(expected));
        assert_eq!(refused.retry_after(), Some(refused.wait));
        delays.admit("ana", "2", 3).await.unwrap();
        clock.advance(refused.wait);
        delays.admit("ana", "1", 3).await.unwrap();
        expected *= 2;
    }
    for _ in 0..20 {
        clock.advance(Duration::from_mins(15));
        delays.admit("ana", "3", 3).await.ok();
        let refused = delays.admit("ana", "3", 3).await;
        assert!(refused.is_ok() || refused.unwrap_err().wait <= Duration::from_mins(15));
    }
}

#[tokio::test]
async fn a_right_password_forgives() {
    let (clock, cache) = clock_and_cache();
    let delays = delays(cache, clock);
    for _ in 0..10 {
        delays.admit("ana", "1", 3).await.unwrap();
        let attempt = delays.admit("ana", "1", 3).await.unwrap();
        delays.forgive(attempt).await;
    }
}

#[tokio::test]
async fn a_hundred_at_once_are_no_more_than_one_by_one() {
    let (clock, cache) = clock_and_cache();
    let delays = Arc::new(delays(cache, clock));
    let all = futures::future::join_all((0..100).map(|_| delays.admit("ana", "1", 3))).await;
    assert_eq!(all.into_iter().flatten().count(), 3);
}

#[tokio::test]
async fn without_the_shared_cache_limits_hold_in_this_process() {
    let clock = Arc::new(ManualClock::at(60_000_000));
    let away: Arc<dyn Cache> =
        Arc::new(shared::cache::RedisCache::new("redis://127.0.0.1:1", "", clock.clone()).unwrap());
    let delays = delays(away, clock);
    for _ in 0..3 {
        delays.admit("ana", "1", 3).await.unwrap();
    }
    assert!(delays.admit("ana", "1", 3).await.is_err());
}
