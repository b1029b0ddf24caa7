//! How mails leave: by SMTP, or into a folder.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;

use super::{Security, SmtpSettings};

/// Longest silence of a mail server.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Address.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// As text.
    pub plain: String,
    /// As HTML.
    pub html: String,
}

/// Why a mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The address or the letter is not one.
    #[error("letter cannot be written: {0}")]
    Letter(String),
    /// The server refused it for good.
    #[error("mail server refused it")]
    Refused(#[source] lettre::transport::smtp::Error),
    /// The server is away, or says later.
    #[error("mail server is not available")]
    Unavailable(#[source] lettre::transport::smtp::Error),
    /// The folder.
    #[error("mail folder failed")]
    Folder(#[from] std::io::Error),
}

impl MailError {
    /// Whether trying again is of no use.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Letter(_) | Self::Refused(_) => true,
            Self::Unavailable(_) | Self::Folder(_) => false,
        }
    }
}

/// Sends mails.
#[async_trait]
pub trait Mailer: Send + Sync + fmt::Debug {
    /// Sends one.
    async fn send(&self, letter: Letter) -> Result<(), MailError>;
    /// `smtp` or `folder`.
    fn kind(&self) -> &'static str;
}

/// By SMTP.
pub(crate) struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// By this server; it is not asked yet.
    ///
    /// # Errors
    /// A host or a sender that is none.
    pub(crate) fn new(settings: &SmtpSettings) -> Result<Self, MailError> {
        let from = settings
            .from
            .parse()
            .map_err(|_| MailError::Letter("the sender is no address".to_owned()))?;
        let tls = |host: &str| TlsParameters::new(host.to_owned()).map_err(MailError::Unavailable);
        let protection = match settings.security {
            Security::Starttls => Tls::Required(tls(&settings.host)?),
            Security::Tls => Tls::Wrapper(tls(&settings.host)?),
            Security::None => Tls::None,
        };
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.as_str())
                .port(settings.port)
                .tls(protection)
                .timeout(Some(PATIENCE));
        if let Some((name, password)) = &settings.credentials {
            builder = builder.credentials(Credentials::new(
                name.clone(),
                password.expose_secret().to_owned(),
            ));
        }
        Ok(Self {
            transport: builder.build(),
            from,
        })
    }
}

fn message(from: Mailbox, letter: Letter) -> Result<Message, MailError> {
    let to: lettre::Address = letter
        .to
        .parse()
        .map_err(|_| MailError::Letter("the recipient is no address".to_owned()))?;
    Message::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(letter.subject)
        .multipart(MultiPart::alternative_plain_html(letter.plain, letter.html))
        .map_err(|error| MailError::Letter(error.to_string()))
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, letter: Letter) -> Result<(), MailError> {
        let message = message(self.from.clone(), letter)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailError::Refused(error)),
            Err(error) => Err(MailError::Unavailable(error)),
        }
    }

    fn kind(&self) -> &'static str {
        "smtp"
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").finish_non_exhaustive()
    }
}

/// Into a folder, one file (RFC 5322) each: for machines without a mail server.
#[derive(Debug)]
pub(crate) struct FolderMailer {
    folder: PathBuf,
}

impl FolderMailer {
    /// Into this folder, which is made when the first mail comes.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }
}

#[async_trait]
impl Mailer for FolderMailer {
    async fn send(&self, letter: Letter) -> Result<(), MailError> {
        let from = "Acervo <acervo@localhost>"
            .parse()
            .map_err(|_| MailError::Letter("the sender is no address".to_owned()))?;
        let bytes = message(from, letter)?.formatted();
        let path = self.folder.join(format!("{}.eml", uuid::Uuid::now_v7()));
        // Mails hold links that open accounts: for the owner alone.
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || {
            use std::io::Write as _;
            use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
            let mut file = std::fs::OpenOptions::new()
                .create_new(true)
                .write(true)
                .mode(0o600)
                .open(path)?;
            file.write_all(&bytes)
        })
        .await
        .map_err(std::io::Error::other)??;
        Ok(())
    }

    fn kind(&self) -> &'static str {
        "folder"
    }
}
