//! Words that the rooms of this feature share.

use serde::{Deserialize, Serialize};

/// MIME type of a folder.
pub(super) const FOLDER: &str = "application/vnd.google-apps.folder";
/// MIME type of a shortcut.
pub(super) const SHORTCUT: &str = "application/vnd.google-apps.shortcut";
/// What MIME types of Google's own documents begin with.
pub(super) const NATIVE: &str = "application/vnd.google-apps.";

/// What Drive says of a file or folder, as far as it matters here. Of a shortcut: its own name and place, the rest of
/// its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    /// Id; of the shortcut itself.
    pub(super) id: String,
    /// The folder it lies in.
    pub(super) parent: String,
    pub(super) name: String,
    /// Of the target, for a shortcut.
    pub(super) mime: String,
    /// Bytes; native files have none.
    pub(super) size: Option<u64>,
    pub(super) md5: Option<String>,
    /// Changes with every change: `version`, else the time of the last one.
    pub(super) version: String,
    /// The owner lets it be downloaded.
    pub(super) can_download: bool,
    /// What a shortcut leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<String>,
    /// The target of a shortcut cannot be seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_broken: bool,
    /// Of a folder: what lies in it was read, and is not nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_read: bool,
    /// Its content was looked at and is not mirrored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<Refused>,
}

/// Why content is not mirrored; another content, or another name for it, is looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) content_key: String,
    pub(super) wanted: String,
    pub(super) reason: String,
}

impl Item {
    /// A folder, or a shortcut to one.
    pub(super) fn is_folder(&self) -> bool {
        self.mime == FOLDER
    }

    /// One of Google's own documents, which have no bytes of their own.
    pub(super) fn is_native(&self) -> bool {
        self.mime.starts_with(NATIVE)
    }

    /// The id under which its content, or its children, are found.
    pub(super) fn content_id(&self) -> &str {
        self.target.as_deref().unwrap_or(&self.id)
    }

    /// Why this content under this name is not mirrored, if it was looked at already.
    pub(super) fn refusal(&self, wanted: &str) -> Option<Reason> {
        self.refused
            .as_ref()
            .filter(|refused| refused.wanted == wanted && refused.content_key == self.content_key())
            .and_then(|refused| Reason::parse(&refused.reason))
    }

    /// Another one says that the content is another.
    pub(super) fn content_key(&self) -> String {
        self.md5
            .as_ref()
            .map_or_else(|| format!("v:{}", self.version), |md5| format!("md5:{md5}"))
    }
}

/// What is held of a file.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Holding {
    pub(super) file_id: String,
    pub(super) material_uid: String,
    /// Of the content that is held; empty asks for it again.
    pub(super) content_key: String,
    /// The id its material would have if no other had it.
    pub(super) wanted: String,
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum $name { $($(#[$each])* $variant,)* }

        impl $name {
            /// As stored and sent.
            pub(super) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The one that is stored or sent so.
            #[allow(dead_code, reason = "not every list of words is read back")]
            pub(super) fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// What a run does with a file.
    Action {
        /// Nothing.
        Keep = "keep",
        /// Nothing, by rule.
        Skip = "skip",
        /// Takes it in.
        Add = "add",
        /// Replaces its content.
        Update = "update",
        /// Gives it another id.
        Rename = "rename",
        /// Removes it.
        Remove = "remove",
    }
}

words! {
    /// What came of it.
    Outcome {
        /// To be done.
        Pending = "pending",
        /// Done.
        Indexed = "indexed",
        /// There was nothing to do.
        Unchanged = "unchanged",
        /// Left out by rule.
        Skipped = "skipped",
        /// Tried in vain.
        Failed = "failed",
        /// A removal to be confirmed or done.
        Waiting = "waiting",
        /// A removal that was done.
        Removed = "removed",
    }
}

words! {
    /// How far a run is.
    RunState {
        /// Nobody has begun.
        Queued = "queued",
        /// Reading what Drive has.
        Analyzing = "analyzing",
        /// Carrying the plan out.
        Processing = "processing",
        /// Done.
        Completed = "completed",
        /// Done, but for removals.
        NeedsConfirmation = "needs_confirmation",
        /// The grant is not valid any more.
        NeedsReauth = "needs_reauth",
        /// Nothing more can be done.
        Failed = "failed",
        /// Somebody cancelled it.
        Cancelled = "cancelled",
    }
}

impl RunState {
    /// What the web application calls it.
    pub(super) fn progress(self) -> &'static str {
        match self {
            Self::Queued => "starting",
            Self::Analyzing => "analyzing",
            Self::Processing => "processing",
            Self::Completed | Self::NeedsConfirmation => "completed",
            Self::NeedsReauth | Self::Failed => "error",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Codes with a sentence for people.
macro_rules! reasons {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal, $detail:literal;)* }) => {
        words! { $(#[$meta])* $name { $(#[doc = $detail] $variant = $word,)* } }

        impl $name {
            /// A sentence for people.
            pub(super) fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail,)* }
            }
        }
    };
}

reasons! {
    /// Why a file was left out, failed or was removed.
    Reason {
        Video = "video", "Vídeos não são espelhados nesta configuração.";
        UnsupportedType = "unsupported_type", "Este tipo de arquivo não pode ser lido.";
        TooLarge = "too_large", "O arquivo passa do tamanho permitido.";
        NativeOff = "native_off", "Documentos do Google não são exportados nesta configuração.";
        NotExportable = "not_exportable", "Este tipo de documento do Google não pode ser exportado.";
        ExportTooLarge = "export_too_large", "O Google não exporta documentos deste tamanho.";
        NoDownload = "no_download", "O proprietário não permite baixar este arquivo.";
        TooDeep = "too_deep", "A pasta está abaixo da profundidade pedida e não foi lida.";
        ShortcutLoop = "shortcut_loop", "O atalho leva a uma pasta que o contém.";
        ShortcutDuplicate = "shortcut_duplicate", "O destino do atalho já está na pasta.";
        ShortcutBroken = "shortcut_broken", "O destino do atalho não existe ou não é acessível.";
        Name = "name", "O nome ou o caminho do arquivo não pode ser usado.";
        Empty = "empty", "O arquivo está vazio.";
        ContentMismatch = "content_mismatch", "O conteúdo do arquivo não é o que o nome indica.";
        UnreadableFolder = "unreadable_folder", "A pasta não pôde ser lida; nada foi removido nesta sincronização.";
        NotFound = "not_found", "O arquivo não está mais no Drive.";
        Forbidden = "forbidden", "O Drive não permite ler este arquivo.";
        Checksum = "checksum", "O conteúdo recebido não confere com o que o Drive informa.";
        Truncated = "truncated", "O conteúdo recebido está incompleto.";
        WrongAnswer = "wrong_answer", "O Drive respondeu com outra coisa no lugar do arquivo.";
        Unavailable = "unavailable", "O Drive não respondeu a tempo.";
        Storage = "storage", "O arquivo não pôde ser gravado.";
        Deleted = "deleted", "O arquivo saiu da pasta do Drive.";
        ByRule = "skipped", "O arquivo não é mais espelhado por regra.";
    }
}

reasons! {
    /// What somebody should look at.
    Notice {
        ManyRemovals = "many_removals", "Esta sincronização removeria muitos materiais; confirme para continuar.";
        Emptied = "emptied", "A pasta do Drive está vazia e antes não estava; nada foi removido. Confirme se é isso mesmo.";
        NeedsReauth = "needs_reauth", "A autorização do Google Drive não vale mais; conecte a conta de novo. Nada foi removido.";
        FolderNotFound = "folder_not_found", "A pasta não existe no Drive ou não foi compartilhada com esta conta.";
        NoAccess = "no_access", "O Drive não permite ler esta pasta com o acesso configurado.";
        RateLimited = "rate_limited", "O Drive limitou as requisições; tente de novo mais tarde.";
        DailyLimit = "daily_limit", "O limite diário do Drive foi atingido; tente de novo amanhã.";
        Unavailable = "unavailable", "O Google Drive não respondeu; tente de novo mais tarde.";
        NotConfigured = "not_configured", "Nenhum acesso ao Google Drive está configurado.";
        Storage = "storage", "Os arquivos não puderam ser gravados neste servidor.";
    }
}
