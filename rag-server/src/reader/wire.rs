//! What server and child say to each other: frames of JSON, each after its length in four bytes, little endian.
//!
//! The server sends one [`Request`] frame; the child answers with one [`Answer`] frame and, if that says so, with
//! one frame that holds what was asked for ([`Reply`]). The two are apart so that the large one is parsed straight
//! into place: a document inside a tagged enum would be buffered as a whole first.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use extract::{Document, PagePicture, RecognisedPage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::error::Fault;

/// Most bytes of a frame that carries what was asked for. The caps of [`extract::Limits`] allow about half of it.
pub(super) const DOCUMENT_MAX: usize = 256 << 20;
/// Most bytes of any other frame.
pub(super) const MESSAGE_MAX: usize = 64 << 10;
/// A length is only believed this far before the bytes have come.
const BELIEVED: usize = 1 << 20;

/// "Do this with that file."
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    /// Absolute path, as bytes: not every path on disk is UTF-8.
    #[serde(with = "path_bytes")]
    pub(super) path: PathBuf,
    pub(super) task: Task,
    pub(super) limits: extract::Limits,
    pub(super) memory_bytes: u64,
    pub(super) cpu_seconds: u64,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Task {
    /// The whole document. Answered by a [`Document`].
    Read {
        /// The name people gave the file.
        filename: String,
    },
    /// The text of a page that is a picture. Answered by an `Option<RecognisedPage>`.
    Recognise {
        /// 1-based.
        page: u32,
        /// The program that recognises, an absolute path.
        #[serde(with = "path_bytes")]
        program: PathBuf,
        /// Its languages, `por+eng`.
        languages: String,
    },
    /// The picture of a page. Answered by an `Option<PagePicture>`.
    Draw {
        /// 1-based.
        page: u32,
        /// Pixels.
        width: u32,
    },
}

/// What a child sends for a task, as the bytes of one frame.
pub(super) trait Reply: Sized + Send + 'static {
    fn parse(frame: &[u8]) -> io::Result<Self>;
}

impl Reply for Document {
    fn parse(frame: &[u8]) -> io::Result<Self> {
        parse(frame)
    }
}

impl Reply for Option<RecognisedPage> {
    fn parse(frame: &[u8]) -> io::Result<Self> {
        parse(frame)
    }
}

/// What a picture is, one line of JSON before its bytes.
#[derive(Serialize, Deserialize)]
struct PictureHead {
    width: u32,
    height: u32,
    transform: [f64; 6],
}

impl Reply for Option<PagePicture> {
    /// Nothing at all for a page that does not exist.
    fn parse(frame: &[u8]) -> io::Result<Self> {
        if frame.is_empty() {
            return Ok(None);
        }
        let end = frame.iter().position(|byte| *byte == b'\n');
        let (head, png) = end
            .and_then(|end| frame.split_at_checked(end))
            .ok_or_else(|| invalid("picture without a head"))?;
        let PictureHead {
            width,
            height,
            transform,
        } = parse(head)?;
        Ok(Some(PagePicture {
            png: png.get(1..).unwrap_or_default().to_vec(),
            width,
            height,
            transform,
        }))
    }
}

/// A picture as [`Reply::parse`] takes it.
pub(super) fn picture_frame(picture: Option<PagePicture>) -> io::Result<Vec<u8>> {
    let Some(picture) = picture else {
        return Ok(Vec::new());
    };
    let mut frame = serde_json::to_vec(&PictureHead {
        width: picture.width,
        height: picture.height,
        transform: picture.transform,
    })?;
    frame.push(b'\n');
    frame.extend(picture.png);
    Ok(frame)
}

/// What became of a request.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum Answer {
    /// What was asked for follows in a frame of its own.
    Whole {
        /// Memory that the child holds, in bytes.
        resident_bytes: u64,
    },
    /// The file cannot be read, and that is the file's fault.
    Refused {
        fault: Fault,
        reason: String,
        resident_bytes: u64,
    },
    /// The file cannot be opened.
    Unreadable { reason: String },
    /// The file does not fit into the memory the child may have.
    OutOfMemory,
    /// A reader panicked at this place in the source. The child is spent.
    Panicked { at: String },
}

mod path_bytes {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    use std::path::{Path, PathBuf};

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(path.as_os_str().as_bytes())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
        let bytes = Vec::<u8>::deserialize(from)?;
        Ok(OsString::from_vec(bytes).into())
    }
}

fn invalid(message: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.to_string())
}

fn checked_length(header: [u8; 4], max: usize) -> io::Result<usize> {
    match usize::try_from(u32::from_le_bytes(header)) {
        Ok(length) if length <= max => Ok(length),
        _ => Err(invalid("frame is longer than allowed")),
    }
}

fn header(length: usize, max: usize) -> io::Result<[u8; 4]> {
    match u32::try_from(length) {
        Ok(header) if length <= max => Ok(header.to_le_bytes()),
        _ => Err(invalid("frame is longer than allowed")),
    }
}

/// Parses the bytes of a frame.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    // The line and column are told, the text around them is not.
    serde_json::from_slice(bytes).map_err(|error| {
        invalid(format_args!(
            "{:?} at column {}",
            error.classify(),
            error.column()
        ))
    })
}

/// The child's side: the next frame, or none where the stream ends between frames.
pub(super) fn read_frame(from: &mut impl Read, max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    let mut filled = 0;
    while let Some(rest) = head.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let length = checked_length(head, max)?;
    let mut bytes = Vec::with_capacity(length.min(BELIEVED));
    from.by_ref().take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(bytes))
}

/// The child's side: writes a frame.
pub(super) fn write_frame(to: &mut impl Write, bytes: &[u8], max: usize) -> io::Result<()> {
    to.write_all(&header(bytes.len(), max)?)?;
    to.write_all(bytes)?;
    to.flush()
}

/// The server's side: the next frame.
pub(super) async fn receive_frame(
    from: &mut (impl AsyncRead + Unpin),
    max: usize,
) -> io::Result<Vec<u8>> {
    let mut head = [0; 4];
    from.read_exact(&mut head).await?;
    let length = checked_length(head, max)?;
    let mut bytes = Vec::with_capacity(length.min(BELIEVED));
    from.take(length as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// The server's side: sends a frame.
pub(super) async fn send_frame(
    to: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    max: usize,
) -> io::Result<()> {
    let mut frame = Vec::with_capacity(bytes.len() + 4);
    frame.extend(header(bytes.len(), max)?);
    frame.extend(bytes);
    to.write_all(&frame).await?;
    to.flush().await
}

/// Writes into memory up to a size, then fails with [`io::ErrorKind::FileTooLarge`].
#[derive(Debug)]
pub(super) struct Capped {
    pub(super) bytes: Vec<u8>,
    max: usize,
}

impl Capped {
    pub(super) fn new(max: usize) -> Self {
        Self {
            bytes: Vec::new(),
            max,
        }
    }
}

impl Write for Capped {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if more.len() > self.max.saturating_sub(self.bytes.len()) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn frames_arrive_as_sent_on_both_sides(
            frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..2000), 0..6)
        ) {
            let mut sync_wire = Vec::new();
            for frame in &frames {
                write_frame(&mut sync_wire, frame, MESSAGE_MAX).unwrap();
            }
            let mut from = sync_wire.as_slice();
            for frame in &frames {
                let arrived = read_frame(&mut from, MESSAGE_MAX).unwrap();
                prop_assert_eq!(arrived.as_ref(), Some(frame));
            }
            prop_assert_eq!(read_frame(&mut from, MESSAGE_MAX).unwrap(), None);

            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let async_wire = runtime.block_on(async {
                let mut wire = Vec::new();
                for frame in &frames {
                    send_frame(&mut wire, frame, MESSAGE_MAX).await.unwrap();
                }
                let mut from = wire.as_slice();
                for frame in &frames {
                    assert_eq!(&receive_frame(&mut from, MESSAGE_MAX).await.unwrap(), frame);
                }
                wire
            });
            prop_assert_eq!(async_wire, sync_wire);
        }

        #[test]
        fn cut_frames_are_errors(frame in proptest::collection::vec(any::<u8>(), 1..200), keep in 1_usize..200) {
            let mut wire = Vec::new();
            write_frame(&mut wire, &frame, MESSAGE_MAX).unwrap();
            wire.truncate(keep.min(wire.len() - 1));
            let error = read_frame(&mut wire.as_slice(), MESSAGE_MAX).unwrap_err();
            prop_assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }

        #[test]
        fn noise_never_allocates_more_than_is_believed(noise in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(Some(bytes)) = read_frame(&mut noise.as_slice(), DOCUMENT_MAX) {
                prop_assert!(bytes.len() < 64);
            }
        }
    }

    #[test]
    fn frames_over_the_cap_are_refused_by_both_ends() {
        let frame = vec![b' '; 11];
        assert!(write_frame(&mut Vec::new(), &frame, 10).is_err());
        let mut wire = Vec::new();
        write_frame(&mut wire, &frame, 11).unwrap();
        let error = read_frame(&mut wire.as_slice(), 10).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn request_keeps_a_path_that_is_not_text() {
        let request = Request {
            path: OsStr::from_bytes(b"/dados/aula-\xe7\xe3o.pdf").into(),
            task: Task::Recognise {
                page: 3,
                program: OsStr::from_bytes(b"/opt/tesser\xe7").into(),
                languages: "por+eng".to_owned(),
            },
            limits: extract::Limits::default(),
            memory_bytes: 1 << 30,
            cpu_seconds: 60,
        };
        let wire = serde_json::to_vec(&request).unwrap();
        assert_eq!(parse::<Request>(&wire).unwrap(), request);
    }

    #[test]
    fn parse_errors_do_not_quote_the_document() {
        let error = parse::<Answer>(br#"{"status":"segredo do aluno"}"#).unwrap_err();
        assert!(!error.to_string().contains("segredo"), "{error}");
    }

    #[test]
    fn capped_writer_stops_at_its_cap() {
        let mut capped = Capped::new(4);
        capped.write_all(b"abcd").unwrap();
        assert_eq!(
            capped.write_all(b"e").unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        assert_eq!(capped.bytes, b"abcd");
    }

    #[test]
    fn pictures_arrive_as_sent() {
        let picture = PagePicture {
            png: b"\x89PNG\r\n\x1a\n{}".to_vec(),
            width: 7,
            height: 9,
            transform: [1.0, 0.0, 0.0, -1.0, 0.5, 9.0],
        };
        for sent in [None, Some(picture)] {
            let frame = picture_frame(sent.clone()).unwrap();
            assert_eq!(Option::<PagePicture>::parse(&frame).unwrap(), sent);
        }
        assert!(Option::<PagePicture>::parse(b"\x89PNG").is_err());
    }
}
