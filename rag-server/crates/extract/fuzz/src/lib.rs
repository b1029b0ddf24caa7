//! What the fuzz targets share.

/// Panics of libraries are caught where they are called, and end a document with a reason: only what gets past that is found.
pub fn let_libraries_panic() {
    std::panic::set_hook(Box::new(|_| {}));
}
