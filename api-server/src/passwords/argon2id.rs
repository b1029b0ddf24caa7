//! argon2id in memory that is used again while others wait, and then goes back to the system.

use std::sync::{Mutex, PoisonError};

use argon2::password_hash::{
    Error, Output, ParamsString, PasswordHash, PasswordVerifier as _, SaltString,
};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// glibc learns to keep what is freed now and then, a hash's megabytes for every thread that ever made one; but never an
/// allocation above `DEFAULT_MMAP_THRESHOLD_MAX`, 32 MiB (mallopt(3)). So more is asked for than is used: what is never
/// written to is never taken.
const FEWEST_BLOCKS: usize = (33 << 20) / Block::SIZE;

/// Hashes with one cost.
#[derive(Debug)]
pub(super) struct Argon2id {
    hasher: Argon2<'static>,
    /// Memory of hashes that are done. To ask the system for it anew takes as long as half a hash.
    spare: Mutex<Vec<Vec<Block>>>,
}

impl Argon2id {
    pub(super) fn new(params: Params) -> Self {
        Self {
            hasher: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            spare: Mutex::default(),
        }
    }

    /// The hash to keep, as a PHC string.
    pub(super) fn hash(&self, password: &str) -> Result<String, Error> {
        self.keep(|salt, out| self.derive(password.as_bytes(), salt, out))
    }

    /// Looks like a hash of this cost; nobody knows a password of it, and none was computed.
    pub(super) fn decoy(&self) -> Result<String, Error> {
        self.keep(|_, out| {
            rand::fill(out);
            Ok(())
        })
    }

    /// Whether the password is that of the hash.
    pub(super) fn is_right(&self, kept: &PasswordHash<'_>, password: &str) -> bool {
        if !self.is_current(kept) {
            let verified = self.hasher.verify_password(password.as_bytes(), kept);
            return verified.is_ok();
        }
        let mut bytes = [0; 64];
        let (Some(salt), Some(expected)) = (&kept.salt, &kept.hash) else {
            return false;
        };
        // Outputs are compared in constant time.
        salt.decode_b64(&mut bytes).is_ok_and(|salt| {
            Output::init_with(expected.len(), |out| {
                self.derive(password.as_bytes(), salt, out)
            })
            .is_ok_and(|output| output == *expected)
        })
    }

    /// Whether a hash has today's cost.
    pub(super) fn is_current(&self, kept: &PasswordHash<'_>) -> bool {
        let wanted = self.hasher.params();
        kept.algorithm == Algorithm::Argon2id.ident()
            && kept.version == Some(Version::V0x13.into())
            && kept
                .hash
                .is_some_and(|hash| hash.len() == Params::DEFAULT_OUTPUT_LEN)
            && Params::try_from(kept).is_ok_and(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    == (wanted.m_cost(), wanted.t_cost(), wanted.p_cost())
            })
    }

    /// Gives memory back: nobody waits for a hash.
    pub(super) fn rest(&self) {
        self.spare().clear();
    }

    fn keep(
        &self,
        fill: impl FnOnce(&[u8], &mut [u8]) -> Result<(), Error>,
    ) -> Result<String, Error> {
        let salt_bytes = rand::random::<[u8; 16]>();
        let salt = SaltString::encode_b64(&salt_bytes)?;
        let output = Output::init_with(Params::DEFAULT_OUTPUT_LEN, |out| fill(&salt_bytes, out))?;
        let kept = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(self.hasher.params())?,
            salt: Some(salt.as_salt()),
            hash: Some(output),
        };
        Ok(kept.to_string())
    }

    fn derive(&self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let spare = self.spare().pop();
        // What another hash left is written over before it is read: no block is looked at before it is filled.
        let mut blocks = spare.unwrap_or_else(|| {
            let count = self.hasher.params().block_count();
            let mut blocks = Vec::with_capacity(count.max(FEWEST_BLOCKS));
            blocks.resize(count, Block::default());
            blocks
        });
        let derived = self
            .hasher
            .hash_password_into_with_memory(password, salt, out, &mut blocks);
        self.spare().push(blocks);
        Ok(derived?)
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        // A list of buffers is whole whoever panicked beside it.
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
