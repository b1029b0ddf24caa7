use super::*;

fn passwords(concurrency: usize, waiting: usize) -> Passwords {
    Passwords::new(&PasswordSettings {
        memory_kib: 7168,
        passes: 1,
        concurrency,
        waiting,
    })
    .unwrap()
}

#[tokio::test]
async fn only_the_right_password_is_right() {
    let passwords = passwords(2, 8);
    let kept = passwords.hash("correto cavalo bateria").await.unwrap();
    assert!(kept.starts_with("$argon2id$v=19$m=7168,t=1,p=1$"), "{kept}");
    let right = passwords
        .check(Some(&kept), "correto cavalo bateria")
        .await
        .unwrap();
    assert_eq!(
        right,
        Checked {
            right: true,
            rehash: None
        }
    );
    for wrong in [
        "",
        "correto cavalo bateri",
        "correto cavalo bateria ",
        "CORRETO",
    ] {
        assert!(
            !passwords.check(Some(&kept), wrong).await.unwrap().right,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn nobody_has_no_password() {
    let passwords = passwords(2, 8);
    for kept in [None, Some(UNUSABLE)] {
        for guess in ["", "!", "correto cavalo bateria"] {
            assert!(!passwords.check(kept, guess).await.unwrap().right);
        }
    }
    let long = "a".repeat(1_000_000);
    assert!(!passwords.check(None, &long).await.unwrap().right);
}

#[tokio::test]
async fn an_earlier_systems_hash_is_taken_once_and_replaced() {
    let passwords = passwords(2, 8);
    let kept = bcrypt::hash("senha-antiga", 4).unwrap();
    assert!(is_bcrypt(&kept) && !is_bcrypt("$2b$31$short") && !is_bcrypt("$argon2id$"));
    let checked = passwords.check(Some(&kept), "senha-antiga").await.unwrap();
    let renewed = checked.rehash.unwrap();
    assert!(checked.right && renewed.starts_with("$argon2id$"));
    assert!(
        passwords
            .check(Some(&renewed), "senha-antiga")
            .await
            .unwrap()
            .right
    );
    assert!(!passwords.check(Some(&kept), "outra").await.unwrap().right);
}

#[tokio::test]
async fn a_cheaper_hash_is_renewed() {
    let cheap = passwords(2, 8)
        .hash("correto cavalo bateria")
        .await
        .unwrap();
    let dear = Passwords::new(&PasswordSettings {
        memory_kib: 8192,
        passes: 1,
        concurrency: 1,
        waiting: 1,
    })
    .unwrap();
    let checked = dear
        .check(Some(&cheap), "correto cavalo bateria")
        .await
        .unwrap();
    assert!(checked.rehash.unwrap().contains("m=8192"));
}

#[tokio::test]
async fn weak_passwords_are_refused_with_a_sentence() {
    let passwords = passwords(2, 8);
    let names = ["maria.silva", "maria@example.org"];
    assert!(matches!(
        passwords.judge("curta", &names).await,
        Err(PasswordError::TooShort)
    ));
    for weak in [
        "123456789012",
        "passwordpassword",
        "aaaaaaaaaaaaaaaa",
        "qwertyuiop12",
        "maria.silva1",
        "senhasenha12",
        "acervo123456",
    ] {
        let refusal = passwords.judge(weak, &names).await.unwrap_err();
        assert!(
            matches!(refusal, PasswordError::Common),
            "{weak}: {refusal}"
        );
    }
    for bad in ["a".repeat(1025), "com\u{0}caractere nulo".to_owned()] {
        assert!(matches!(
            passwords.judge(&bad, &names).await,
            Err(PasswordError::NotText)
        ));
    }
    for good in [
        "correto cavalo bateria",
        "Xk9#mQ2$vL7pZ",
        "çãõé-ñandu-über-ß",
    ] {
        passwords.judge(good, &names).await.unwrap();
    }
}

#[tokio::test]
async fn a_full_queue_says_so_at_once() {
    let passwords = Arc::new(passwords(1, 1));
    let held = passwords.turns.take().await.unwrap();
    let waiter = tokio::spawn({
        let passwords = Arc::clone(&passwords);
        async move { passwords.check(None, "a").await.map(|_| ()) }
    });
    while passwords.turns.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(
        passwords.check(None, "b").await,
        Err(PasswordError::Busy(_))
    ));
    drop(held);
    waiter.await.unwrap().unwrap();
    assert_eq!(passwords.turns.waiting(), 0);
}
