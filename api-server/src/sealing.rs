//! Secrets that must be read back, kept sealed (ChaCha20-Poly1305, RFC 8439) under a key derived from the server's
//! secret: a copy of the database alone opens nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use secrecy::ExposeSecret as _;
use shared::settings::SecretString;

/// Bytes of a nonce (RFC 8439, section 2.8).
const NONCE_BYTES: usize = 12;

/// It was sealed for something else, or the server's secret was changed without keeping the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot be opened with the server's keys")]
pub(crate) struct Sealed;

/// Seals for one purpose.
pub(crate) struct Sealer {
    /// The current one first.
    ciphers: Vec<ChaCha20Poly1305>,
}

impl Sealer {
    /// Seals under the first of `secrets`, opens with any. What is sealed for one `purpose` opens for no other.
    pub(crate) fn new(purpose: &str, secrets: &[&SecretString]) -> Self {
        let ciphers = secrets
            .iter()
            .map(|secret| {
                let key = blake3::derive_key(purpose, secret.expose_secret().as_bytes());
                ChaCha20Poly1305::new(&Key::from(key))
            })
            .collect();
        Self { ciphers }
    }

    /// Seals a secret of `owner`.
    pub(crate) fn seal(&self, owner: &str, secret: &[u8]) -> Result<String, Sealed> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let cipher = self.ciphers.first().ok_or(Sealed)?;
        let payload = Payload {
            msg: secret,
            aad: owner.as_bytes(),
        };
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Sealed)?;
        Ok(STANDARD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what was sealed for the same owner.
    pub(crate) fn open(&self, owner: &str, sealed: &str) -> Result<Vec<u8>, Sealed> {
        let bytes = STANDARD.decode(sealed).map_err(|_| Sealed)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(Sealed)?;
        self.ciphers
            .iter()
            .find_map(|cipher| {
                let payload = Payload {
                    msg: sealed,
                    aad: owner.as_bytes(),
                };
                cipher.decrypt(&Nonce::from(*nonce), payload).ok()
            })
            .ok_or(Sealed)
    }

    /// The same of a text.
    pub(crate) fn open_text(&self, owner: &str, sealed: &str) -> Result<SecretString, Sealed> {
        let text = String::from_utf8(self.open(owner, sealed)?).map_err(|_| Sealed)?;
        Ok(SecretString::from(text))
    }
}

/// Keys are not shown.
impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_owner_and_purpose_with_any_of_the_keys() {
        let [old, new] = [
            "k3v9Qm2xT7pLw4Zr8nYb1cHs6dJf5gAe",
            "W8zq1Lr5Vn3Ty7Ux2Kp9Mb4Gc6Hd0Jsf",
        ]
        .map(|text| SecretString::from(text.to_owned()));
        let sealed = Sealer::new("a", &[&old]).seal("maria", b"segredo").unwrap();
        assert!(!sealed.contains("segredo"));
        let both = Sealer::new("a", &[&new, &old]);
        assert_eq!(both.open("maria", &sealed).unwrap(), b"segredo");
        assert_eq!(both.open("ana", &sealed), Err(Sealed));
        assert_eq!(
            Sealer::new("a", &[&new]).open("maria", &sealed),
            Err(Sealed)
        );
        assert_eq!(
            Sealer::new("b", &[&old]).open("maria", &sealed),
            Err(Sealed)
        );
        assert_eq!(both.open("maria", "não é base64"), Err(Sealed));
    }
}
