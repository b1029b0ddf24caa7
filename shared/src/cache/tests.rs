use std::sync::Arc;

use crate::settings::Environment;
use crate::testing::ManualClock;

use super::*;

const MINUTE: Duration = Duration::from_mins(1);

fn key(name: &str) -> String {
    format!("test:{}:{name}", uuid::Uuid::now_v7())
}

/// What every cache keeps to.
async fn keeps_to_the_contract(cache: &dyn Cache) {
    let (a, b, n) = (key("a"), key("b"), key("n"));
    cache.ping().await.unwrap();
    assert_eq!(
        cache.get_many(&[a.clone(), b.clone()]).await.unwrap(),
        [None, None]
    );
    cache.set(&a, b"1", MINUTE).await.unwrap();
    assert!(!cache.set_if_absent(&a, b"2", MINUTE).await.unwrap());
    assert!(cache.set_if_absent(&b, b"3", MINUTE).await.unwrap());
    let both = cache.get_many(&[a.clone(), b.clone()]).await.unwrap();
    assert_eq!(both, [Some(b"1".to_vec()), Some(b"3".to_vec())]);
    cache.remove(&a).await.unwrap();
    assert_eq!(
        cache.get_many(std::slice::from_ref(&a)).await.unwrap(),
        [None]
    );
    for expected in 1..=3 {
        assert_eq!(cache.count(&n, MINUTE).await.unwrap(), expected);
    }
    assert_eq!(
        cache.get_many(std::slice::from_ref(&n)).await.unwrap(),
        [Some(b"3".to_vec())]
    );
    cache.remove(&n).await.unwrap();
    assert_eq!(cache.count(&n, MINUTE).await.unwrap(), 1);
}

#[tokio::test]
async fn memory_keeps_to_the_contract() {
    keeps_to_the_contract(&MemoryCache::new(Arc::new(ManualClock::at(0)))).await;
}

#[tokio::test]
async fn redis_keeps_to_the_contract() {
    let environment = Environment::from_process();
    let Some(url) = environment.get("TEST_REDIS_URL") else {
        return;
    };
    let clock = Arc::new(crate::clock::SystemClock);
    keeps_to_the_contract(&RedisCache::new(url, "test:", clock).unwrap()).await;
}

#[tokio::test]
async fn memory_forgets_by_the_clock() {
    let clock = Arc::new(ManualClock::at(0));
    let cache = MemoryCache::new(clock.clone());
    cache.set("a", b"1", MINUTE).await.unwrap();
    assert_eq!(cache.add("n", MINUTE), 1);
    clock.advance(MINUTE);
    assert!(cache.read("a").is_none());
    assert!(cache.write_if_absent("a", b"2", MINUTE));
    assert_eq!(cache.add("n", MINUTE), 1);
}

#[tokio::test]
async fn memory_holds_so_many_bytes_at_most() {
    let cache = MemoryCache::new(Arc::new(ManualClock::at(0)));
    let value = vec![0; 1 << 20];
    for n in 0..100 {
        cache.set(&n.to_string(), &value, MINUTE).await.unwrap();
    }
    cache.settle();
    let held = cache.held_bytes().unwrap();
    assert!((1 << 20..=64 << 20).contains(&held), "{held}");
}

#[tokio::test]
async fn a_redis_that_is_away_is_an_error_and_then_left_alone() {
    let clock = Arc::new(ManualClock::at(10_000));
    let cache = RedisCache::new("redis://127.0.0.1:1/0", "", clock).unwrap();
    assert!(matches!(cache.ping().await, Err(CacheError::Redis(_))));
    assert!(matches!(
        cache.count("n", MINUTE).await,
        Err(CacheError::Resting)
    ));
}

#[test]
fn addresses_are_checked() {
    for good in [
        "redis://localhost",
        "redis://a:6379,redis://b:6379",
        "rediss://u:p@host:1/2",
    ] {
        assert!(RedisCache::check_url(good).is_ok(), "{good}");
    }
    for bad in ["", "http://localhost", "localhost:port:3"] {
        assert!(RedisCache::check_url(bad).is_err(), "{bad}");
    }
}
