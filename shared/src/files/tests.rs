use futures::stream;

use super::*;

fn body(parts: &[&'static str]) -> impl Stream<Item = Result<Bytes, io::Error>> + Unpin + use<> {
    stream::iter(
        parts
            .iter()
            .map(|part| Ok(Bytes::from_static(part.as_bytes())))
            .collect::<Vec<_>>(),
    )
}

fn count_files(root: &Path) -> usize {
    std::fs::read_dir(root.join("incoming")).unwrap().count()
}

#[tokio::test]
async fn a_body_is_stored_under_its_hash_once() {
    let dir = tempfile::tempdir().unwrap();
    let files = Files::open(dir.path(), 100).await.unwrap();
    let first = files.receive(body(&["olá ", "mundo"])).await.unwrap();
    let second = files.receive(body(&["olá mundo"])).await.unwrap();
    let hash = blake3::hash("olá mundo".as_bytes()).to_hex().to_string();
    assert_eq!((&first.hash, &second.hash), (&hash, &hash));
    files.keep(first).await.unwrap();
    files.keep(second).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(files.path_of(&hash)).unwrap(),
        "olá mundo"
    );
    assert_eq!(count_files(dir.path()), 0);
}

#[tokio::test]
async fn what_is_too_large_or_cut_off_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let files = Files::open(dir.path(), 5).await.unwrap();
    assert!(matches!(
        files.receive(body(&["1234", "56"])).await,
        Err(FileError::TooLarge { limit: 5 })
    ));
    let cut = stream::iter(vec![Ok(Bytes::from_static(b"12")), Err("gone")]);
    assert!(matches!(files.receive(cut).await, Err(FileError::CutOff)));
    assert_eq!(count_files(dir.path()), 0);
}

#[tokio::test]
async fn leftovers_go_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    Files::open(dir.path(), 5).await.unwrap();
    std::fs::write(dir.path().join("incoming/half"), "x").unwrap();
    Files::open(dir.path(), 5).await.unwrap();
    assert_eq!(count_files(dir.path()), 0);
}

#[tokio::test]
async fn a_store_in_use_keeps_what_is_young() {
    let dir = tempfile::tempdir().unwrap();
    let files = Files::shared(dir.path(), 100);
    assert_eq!(files.stored(Duration::ZERO).await.unwrap(), [""; 0]);
    let received = files.receive(body(&["olá"])).await.unwrap();
    let hash = received.hash.clone();
    files.clear_incoming(Duration::from_hours(1)).await.unwrap();
    files.keep(received).await.unwrap();
    assert_eq!(
        files.stored(Duration::from_hours(1)).await.unwrap(),
        [""; 0]
    );
    assert_eq!(files.stored(Duration::ZERO).await.unwrap(), [hash]);
    std::fs::write(dir.path().join("incoming/half"), "x").unwrap();
    files.clear_incoming(Duration::ZERO).await.unwrap();
    assert_eq!(count_files(dir.path()), 0);
}

#[tokio::test]
async fn empty_shelves_are_counted_removed_and_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let files = Files::shared(dir.path(), 100);
    files.check_writable().await.unwrap();
    assert_eq!(count_files(dir.path()), 0, "a trial leaves nothing");
    for text in ["olá", "tchau"] {
        let received = files.receive(body(&[text])).await.unwrap();
        files.keep(received).await.unwrap();
    }
    let hash = blake3::hash("olá".as_bytes()).to_hex().to_string();
    assert_eq!(files.size_of(&hash).await.unwrap(), 4);
    files.remove(&hash).await.unwrap();
    assert_eq!(files.size_of(&hash).await.unwrap(), 0);
    let (found, none) = (Shelves { all: 2, empty: 1 }, Shelves { all: 1, empty: 0 });
    assert_eq!(files.clear_shelves(true).await.unwrap(), found);
    assert_eq!(files.clear_shelves(false).await.unwrap(), found);
    assert_eq!(files.clear_shelves(false).await.unwrap(), none);
    let received = files.receive(body(&["olá"])).await.unwrap();
    files.keep(received).await.unwrap();
    assert_eq!(files.stored(Duration::ZERO).await.unwrap().len(), 2);
}

/// Two stores on one folder have no more in common than two processes.
#[tokio::test]
async fn what_one_process_keeps_no_other_removes() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (
        Files::shared(dir.path(), 100),
        Files::shared(dir.path(), 100),
    );
    let (keeping, too) = (one.keeping().await.unwrap(), other.keeping().await.unwrap());
    let mut removing = Box::pin(other.removing());
    assert!(futures::poll!(&mut removing).is_pending());
    drop(too);
    let longest = Duration::from_millis(300);
    assert!(tokio::time::timeout(longest, &mut removing).await.is_err());
    drop(keeping);
    let removing = removing.await.unwrap();
    assert!(tokio::time::timeout(longest, one.keeping()).await.is_err());
    drop(removing);
    one.keeping().await.unwrap();
    assert_eq!(one.stored(Duration::ZERO).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn what_a_reader_gives_is_stored_as_a_body_is() {
    let dir = tempfile::tempdir().unwrap();
    let files = Files::shared(dir.path(), 9);
    let received = files.receive_blocking(&mut "olá mund".as_bytes()).unwrap();
    assert_eq!(
        received.hash,
        blake3::hash("olá mund".as_bytes()).to_hex().as_str()
    );
    assert_eq!(
        std::fs::read_to_string(received.path()).unwrap(),
        "olá mund"
    );
    drop(received);
    assert!(matches!(
        files.receive_blocking(&mut "olá mundo!".as_bytes()),
        Err(FileError::TooLarge { limit: 9 })
    ));
    assert_eq!(count_files(dir.path()), 0);
}
