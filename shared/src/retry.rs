use std::time::Duration;

/// Whether the same call may succeed when it is made again. Ports and stores answer it by a method
/// on their error, so that jobs and HTTP decide from data and not from text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The cause is permanent.
    Never,
    /// Worth trying again with the caller's own back-off.
    Soon,
    /// The other side said how long to wait.
    After(Duration),
}

impl Retry {
    /// Whether another attempt makes sense at all.
    pub fn is_worthwhile(self) -> bool {
        match self {
            Self::Never => false,
            Self::Soon | Self::After(_) => true,
        }
    }
}
