//! Many writers at once: in this process, and as other processes would.

use std::collections::BTreeSet;

use futures::FutureExt;
use futures::future::join_all;
use index::{Filter, Index};

use crate::fixture::{Shelf, clustered, material, vector_rows};

/// Trap: concurrent adders and deleters get "commit conflict … after 5 retries".
#[tokio::test(flavor = "multi_thread")]
async fn eight_clients_adding_and_deleting_lose_nothing() {
    let shelf = Shelf::new().await;
    let table = shelf.index.vectors("m", 16).await.unwrap();
    let clients = (0..8).map(|client| {
        let index = shelf.index.clone();
        let table = table.clone();
        tokio::spawn(async move {
            for step in 0..6 {
                let id = format!("c{client}s{step}");
                let text = format!("comum dono{id}");
                index
                    .replace(vec![material(&id, "1", &[&text])])
                    .await
                    .unwrap();
                assert_eq!(
                    crate::fixture::found(&index, &format!("dono{id}"))
                        .await
                        .len(),
                    1
                );
                let vectors = clustered(1, 16, client);
                table.append(vector_rows(&id, "1", &vectors)).await.unwrap();
                if step % 3 == 2 {
                    index.delete(std::slice::from_ref(&id)).await.unwrap();
                    assert!(index.chunks_of(&id).await.unwrap().is_empty());
                    let of_id = format!("dono{id}");
                    assert!(crate::fixture::found(&index, &of_id).await.is_empty());
                }
            }
        })
    });
    let optimiser = tokio::spawn({
        let index = shelf.index.clone();
        async move {
            for _ in 0..3 {
                index.optimize().await.unwrap();
            }
        }
    });
    for outcome in join_all(clients).await {
        outcome.unwrap();
    }
    optimiser.await.unwrap();
    let expected: BTreeSet<String> = (0..8)
        .flat_map(|client| [0, 1, 3, 4].map(|step| format!("c{client}s{step}")))
        .collect();
    let stored: BTreeSet<String> = shelf.index.materials().await.unwrap().into_keys().collect();
    assert_eq!(stored, expected);
    assert_eq!(shelf.rows().await, expected.len() as u64);
    assert_eq!(table.rows().await.unwrap(), expected.len() as u64);
    assert_eq!(shelf.find("comum").await.len(), expected.len());
}

/// Trap: compaction racing with a delete brings the deleted rows back.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_during_optimise_stays_deleted() {
    let shelf = Shelf::shared().await;
    let table = shelf.index.vectors("m", 16).await.unwrap();
    for id in 0..12 {
        let id = format!("m{id}");
        shelf
            .put(material(&id, "1", &["comum texto", "comum outro"]))
            .await;
        table
            .append(vector_rows(&id, "1", &clustered(2, 16, 1)))
            .await
            .unwrap();
    }
    // Another handle deletes, so that nothing but the store's own checks keeps the two apart.
    let other = shelf.another().await;
    for id in 0..6 {
        let gone = [format!("m{id}")];
        let (optimised, deleted) = tokio::join!(shelf.index.optimize(), other.delete(&gone));
        optimised.unwrap();
        deleted.unwrap();
        let left = 2 * (11 - id);
        assert_eq!(shelf.find("comum").await.len(), left);
        assert_eq!(shelf.rows().await, left as u64);
        assert_eq!(table.rows().await.unwrap(), left as u64);
    }
    shelf.index.optimize().await.unwrap();
    assert_eq!(shelf.find("comum").await.len(), 12);
    for id in 0..6 {
        assert!(
            shelf
                .index
                .chunks_of(&format!("m{id}"))
                .await
                .unwrap()
                .is_empty()
        );
    }
}

/// Several processes (here: handles with writers of their own) on one table.
#[tokio::test(flavor = "multi_thread")]
async fn two_writers_on_the_same_table_lose_nothing_and_see_each_other() {
    let shelf = Shelf::shared().await;
    let other = shelf.another().await;
    let write = async |index: &Index, name: &str| {
        for step in 0..8 {
            let id = format!("{name}{step}");
            index
                .replace(vec![material(&id, "1", &["comum"])])
                .await
                .unwrap();
        }
    };
    tokio::join!(write(&shelf.index, "a"), write(&other, "b"));
    for index in [&shelf.index, &other] {
        assert_eq!(index.materials().await.unwrap().len(), 16);
        let hits = index
            .search_text("comum", &Filter::default(), 100)
            .await
            .unwrap();
        assert_eq!(hits.len(), 16);
    }
    other.delete(&["a0".to_owned()]).await.unwrap();
    assert!(shelf.index.chunks_of("a0").await.unwrap().is_empty());
    assert_eq!(shelf.find("comum").await.len(), 15);
}

/// Two processes that read the same material at once must not double its rows.
#[tokio::test(flavor = "multi_thread")]
async fn two_writers_of_the_same_material_leave_one_of_each_row() {
    let shelf = Shelf::shared().await;
    let other = shelf.another().await;
    for round in 0..4 {
        let id = format!("m{round}");
        let texts = ["comum um", "comum dois"];
        let their_version = if round < 2 { "1" } else { "2" };
        let (ours, theirs) = tokio::join!(
            shelf.index.replace(vec![material(&id, "1", &texts)]),
            other.replace(vec![material(&id, their_version, &texts)]),
        );
        ours.unwrap();
        theirs.unwrap();
        assert_eq!(
            shelf.index.chunks_of(&id).await.unwrap().len(),
            2,
            "round {round}"
        );
    }
    assert_eq!(shelf.rows().await, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_writes_share_commits() {
    let shelf = Shelf::new().await;
    let before = shelf.index.generation().await.unwrap();
    let writes = (0..100).map(|id| {
        let material = material(&format!("m{id}"), "1", &["comum"]);
        shelf.index.replace(vec![material])
    });
    for outcome in join_all(writes).await {
        outcome.unwrap();
    }
    let commits = shelf.index.generation().await.unwrap() - before;
    assert!(commits <= 10, "{commits} commits for 100 materials");
    assert_eq!(shelf.rows().await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn last_of_several_waiting_writes_of_a_material_wins() {
    let shelf = Shelf::new().await;
    let versions = (0..20).map(|version| {
        let material = material("m", &version.to_string(), &["comum", "texto"]);
        shelf.index.replace(vec![material])
    });
    for outcome in join_all(versions).await {
        outcome.unwrap();
    }
    let chunks = shelf.index.chunks_of("m").await.unwrap();
    assert_eq!(chunks.len(), 2);
    assert!(chunks.iter().all(|stored| stored.version == "19"));
}

/// A caller that gives up after its write was queued takes nobody else's with it.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_caller_does_not_break_the_others() {
    let shelf = Shelf::new().await;
    for round in 0..5 {
        let first = material(&format!("a{round}"), "1", &["comum"]);
        let second = material(&format!("b{round}"), "1", &["comum"]);
        let mut dropped = Box::pin(shelf.index.replace(vec![first]));
        assert!((&mut dropped).now_or_never().is_none());
        drop(dropped);
        shelf.index.replace(vec![second]).await.unwrap();
    }
    // Queued before the others' writes, so carried out before them.
    assert_eq!(shelf.rows().await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_go_on_while_versions_are_pruned() {
    let shelf = Shelf::new().await;
    for id in 0..5 {
        shelf
            .put(material(&format!("m{id}"), "1", &["comum"]))
            .await;
    }
    // Readers keep to the newest version; older ones are pruned with a margin, as in production.
    let settings = index::IndexSettings::new(shelf.folder.path().to_str().unwrap(), "materiais");
    let index = Index::open(settings).await.unwrap();
    let readers = (0..4).map(|_| {
        let index = index.clone();
        tokio::spawn(async move {
            for _ in 0..20 {
                assert_eq!(crate::fixture::found(&index, "comum").await.len(), 5);
            }
        })
    });
    let readers = join_all(readers);
    let optimise = async {
        for _ in 0..5 {
            index.optimize().await.unwrap();
        }
    };
    let (outcomes, ()) = tokio::join!(readers, optimise);
    for outcome in outcomes {
        outcome.unwrap();
    }
}

/// Trap: figures that read each listed version fail on one that is pruned at that moment.
#[tokio::test(flavor = "multi_thread")]
async fn figures_can_be_asked_for_while_versions_are_pruned() {
    let shelf = Shelf::new().await;
    let changing = async {
        for step in 0..30 {
            shelf
                .put(material("a", &step.to_string(), &["comum"]))
                .await;
            if step % 5 == 4 {
                shelf.index.optimize().await.unwrap();
            }
        }
    };
    let asking = async {
        for _ in 0..60 {
            let stats = shelf.index.stats().await.unwrap();
            assert!(stats.chunks.versions > 0);
        }
    };
    tokio::join!(changing, asking);
}
