//! Passwords: what is accepted, how it is kept, how it is checked.
//!
//! Kept as argon2id (OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane). Hashing takes tens of milliseconds
//! of a core, so it happens on blocking threads, few at a time, and a queue that is full answers at once that it is.
//! A name nobody has costs the same as a wrong password. bcrypt hashes of an earlier system are checked too, and
//! replaced after the first login that uses them.

mod argon2id;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::Params;
use argon2::password_hash::PasswordHash;
use argon2id::Argon2id;
use shared::problem::{Code, HasProblem};
use shared::telemetry::spawn_blocking_in_span;
use shared::turns::{TooMany, Turns};

/// Fewest characters of a new password (NIST SP 800-63B asks for 8, OWASP ASVS 2.1.1 for 12).
pub const MIN_CHARACTERS: usize = 12;
/// Most bytes: more is no password but an attempt to keep the processor busy.
pub const MAX_BYTES: usize = 1024;
/// Characters looked at for strength: the estimate's time grows with the square of the length.
const ESTIMATED_CHARACTERS: usize = 64;
/// Words any visitor knows: they add nothing to a password here.
const LOCAL_WORDS: &[&str] = &[
    "acervo",
    "senha",
    "senhas",
    "mudar",
    "trocar",
    "aluno",
    "aluna",
    "professor",
    "professora",
    "curso",
    "escola",
    "brasil",
    "usuario",
    "admin",
    "administrador",
    "teste",
    "bemvindo",
];
/// Most work of a bcrypt hash that is taken over: 2^15 rounds take about two seconds.
const MAX_BCRYPT_COST: u32 = 15;
/// Stands where nobody knows a password; no hash looks like it.
pub const UNUSABLE: &str = "!";

/// Cost of passwords.
#[derive(Debug, Clone, Copy)]
pub struct PasswordSettings {
    /// Memory of one hash in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Passwords checked at a time.
    pub concurrency: usize,
    /// More that may wait.
    pub waiting: usize,
}

/// What can go wrong with passwords.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Fewer characters than [`MIN_CHARACTERS`].
    #[error("password is too short")]
    TooShort,
    /// More bytes than [`MAX_BYTES`], or control characters.
    #[error("password is too long or not text")]
    NotText,
    /// Easily guessed.
    #[error("password is easily guessed")]
    Common,
    /// Too many are being checked.
    #[error("too many passwords are being checked")]
    Busy(#[from] TooMany),
    /// The library failed.
    #[error("password hashing failed: {0}")]
    Hash(argon2::password_hash::Error),
    /// The thread failed.
    #[error("password thread failed")]
    Thread(#[source] tokio::task::JoinError),
}

impl HasProblem for PasswordError {
    fn code(&self) -> Code {
        match self {
            Self::TooShort | Self::NotText | Self::Common => Code::InvalidRequest,
            Self::Busy(_) => Code::Overloaded,
            Self::Hash(_) | Self::Thread(_) => Code::Internal,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::TooShort => format!("A nova senha precisa ter pelo menos {MIN_CHARACTERS} caracteres."),
            Self::NotText => "A nova senha é longa demais ou contém caracteres que não podem ser digitados.".to_owned(),
            Self::Common => "A nova senha é fácil de adivinhar. Use uma frase, ou palavras sem relação entre si.".to_owned(),
            Self::Busy(_) | Self::Hash(_) | Self::Thread(_) => self.code().detail().to_owned(),
        }
    }
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The password is right.
    pub right: bool,
    /// It is right and should be kept anew, with today's cost: this is the hash.
    pub rehash: Option<String>,
}

/// Hashes and checks passwords, few at a time.
#[derive(Debug)]
pub struct Passwords {
    hasher: Arc<Argon2id>,
    turns: Turns,
    checked: AtomicU64,
    /// Hash of a text nobody knows: checked where there is no account.
    decoy: String,
}

impl Passwords {
    /// With this cost.
    ///
    /// # Errors
    /// [`PasswordError::Hash`] for a cost argon2 does not know.
    pub fn new(settings: &PasswordSettings) -> Result<Self, PasswordError> {
        let params = Params::new(settings.memory_kib, settings.passes, 1, None)
            .map_err(|error| PasswordError::Hash(error.into()))?;
        let hasher = Arc::new(Argon2id::new(params));
        let decoy = hasher.decoy().map_err(PasswordError::Hash)?;
        Ok(Self {
            hasher,
            turns: Turns::new(settings.concurrency, settings.waiting),
            checked: AtomicU64::new(0),
            decoy,
        })
    }

    /// Whether a new password is acceptable to somebody with these names.
    ///
    /// # Errors
    /// [`PasswordError`] that tells the person what to do.
    pub async fn judge(&self, password: &str, known: &[&str]) -> Result<(), PasswordError> {
        if password.len() > MAX_BYTES || password.chars().any(char::is_control) {
            return Err(PasswordError::NotText);
        }
        if password.chars().count() < MIN_CHARACTERS {
            return Err(PasswordError::TooShort);
        }
        let password = password.to_owned();
        let known: Vec<String> = known.iter().map(|name| (*name).to_lowercase()).collect();
        let common = self.run(move || is_common(&password, &known)).await?;
        if common {
            Err(PasswordError::Common)
        } else {
            Ok(())
        }
    }

    /// The hash to keep.
    ///
    /// # Errors
    /// [`PasswordError::Busy`], or that the library failed.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let (hasher, password) = (Arc::clone(&self.hasher), password.to_owned());
        self.run(move || hasher.hash(&password))
            .await?
            .map_err(PasswordError::Hash)
    }

    /// How many passwords were checked against a hash, real or decoy.
    pub fn checked(&self) -> u64 {
        self.checked.load(Ordering::Relaxed)
    }

    /// Checks a password against what is kept; `None` (no such account) costs the same and is never right.
    ///
    /// # Errors
    /// [`PasswordError::Busy`], or that the library failed.
    pub async fn check(
        &self,
        kept: Option<&str>,
        password: &str,
    ) -> Result<Checked, PasswordError> {
        let usable = kept.filter(|kept| *kept != UNUSABLE && password.len() <= MAX_BYTES);
        let is_real = usable.is_some();
        let kept = usable.unwrap_or(&self.decoy).to_owned();
        let (hasher, password) = (Arc::clone(&self.hasher), password.to_owned());
        let mut checked = self
            .run(move || {
                // A megabyte is hashed no further than a password can be long.
                let end = password.floor_char_boundary(MAX_BYTES);
                check(&hasher, &kept, password.get(..end).unwrap_or_default())
            })
            .await??;
        self.checked.fetch_add(1, Ordering::Relaxed);
        if !is_real {
            checked = Checked {
                right: false,
                rehash: None,
            };
        }
        Ok(checked)
    }

    /// Runs `work` when its turn comes.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = self.turns.take().await?;
        let (hasher, turns) = (Arc::clone(&self.hasher), self.turns.clone());
        spawn_blocking_in_span(move || {
            let done = work();
            if turns.waiting() == 0 {
                hasher.rest();
            }
            drop(turn);
            done
        })
        .await
        .map_err(PasswordError::Thread)
    }
}

fn check(hasher: &Argon2id, kept: &str, password: &str) -> Result<Checked, PasswordError> {
    let hash = || hasher.hash(password).map_err(PasswordError::Hash);
    if is_bcrypt(kept) {
        let right = bcrypt::verify(password, kept).unwrap_or(false);
        let rehash = right.then(hash).transpose()?;
        return Ok(Checked { right, rehash });
    }
    let parsed = PasswordHash::new(kept).map_err(PasswordError::Hash)?;
    let right = hasher.is_right(&parsed, password);
    let rehash = (right && !hasher.is_current(&parsed))
        .then(hash)
        .transpose()?;
    Ok(Checked { right, rehash })
}

/// Whether this is a bcrypt hash that can be checked in bearable time.
pub fn is_bcrypt(kept: &str) -> bool {
    ["$2a$", "$2b$", "$2x$", "$2y$"]
        .iter()
        .any(|prefix| kept.starts_with(prefix))
        && kept
            .parse::<bcrypt::HashParts>()
            .is_ok_and(|parts| parts.get_cost() <= MAX_BCRYPT_COST)
}

/// Whether fewer than 10^8 guesses by a method that knows lists, keyboards, dates and names find it
/// (zxcvbn: "low-budget password strength estimation", USENIX Security 2016; score 2 begins there at 10^6).
fn is_common(password: &str, known: &[String]) -> bool {
    let start: String = password.chars().take(ESTIMATED_CHARACTERS).collect();
    let mut inputs: Vec<&str> = LOCAL_WORDS.to_vec();
    inputs.extend(
        known
            .iter()
            .map(String::as_str)
            .filter(|name| !name.is_empty()),
    );
    zxcvbn::zxcvbn(&start, &inputs).guesses_log10() < 8.0
}

#[cfg(test)]
mod tests;
