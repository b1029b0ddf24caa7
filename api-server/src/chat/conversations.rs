//! One's own conversations: list, read, rename, remove, export, judge.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::clock::{Clock, rfc3339};
use shared::db::Db;
use shared::problem::Invalid;

use super::ChatError;
use super::answer::{Details, LearningContext};
use super::model::{Level, Style};
use super::question::{MAX_SESSION_ID, MAX_TOPIC, canonical, is_line};
use super::store::{self, ConversationRow, MessageRow, RatedRow};

/// Messages of a conversation that are shown; older ones are kept and not shown.
const MOST_MESSAGES: i64 = 1_000;
/// Most characters of a reason.
const MAX_REASON: usize = 2_000;

/// What somebody thinks of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rating {
    /// It helped.
    #[serde(alias = "👍")]
    Up,
    /// It did not.
    #[serde(alias = "👎")]
    Down,
}

impl Rating {
    fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// A conversation in a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ConversationView {
    /// Id.
    pub id: String,
    /// The client's own name for it.
    pub session_id: String,
    /// Title.
    pub title: String,
    /// What is known of it.
    pub learning_context: LearningContext,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC: when something was last asked or answered.
    pub updated_at: String,
}

/// A conversation with its messages.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct WholeConversation {
    /// The conversation.
    #[serde(flatten)]
    pub conversation: ConversationView,
    /// Its messages in their order, the last 1,000.
    pub messages: Vec<MessageView>,
}

/// A question or an answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MessageView {
    /// Id.
    pub id: String,
    /// `user` or `assistant`.
    pub role: String,
    /// Text of a question, Markdown of an answer.
    pub text: String,
    /// Whether a question got its answer.
    pub answered: bool,
    /// Sources and everything else of an answer.
    #[schema(value_type = Option<Object>)]
    pub details: Option<Value>,
    /// What the user thinks of an answer: `up` or `down`.
    pub rating: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
}

/// What is known of a session, as the page shows it.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct SessionContext {
    /// As asked for.
    pub session_id: String,
    /// Id of the conversation; null before the first question.
    pub conversation_id: Option<String>,
    /// What it is about now.
    pub current_focus: Option<String>,
    /// The same with more.
    pub learning_context: LearningContext,
    /// The same in short.
    pub summary: SessionSummary,
}

/// What is known of a session, in short.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct SessionSummary {
    /// What it is about now.
    pub current_focus: Option<String>,
    /// How much is known already.
    pub difficulty_level: Level,
    /// Headings of what was cited.
    pub topics_covered: Vec<String>,
    /// How many objectives there are.
    pub objectives_count: usize,
}

/// Conversations.
#[derive(Debug)]
pub(crate) struct Conversations {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Conversations {
    /// Conversations in `db`.
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// A user's conversations, the last used first, after that of id `after`.
    pub(crate) async fn list(
        &self,
        uid: &str,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<ConversationView>, ChatError> {
        let rows = match after {
            Some(id) => {
                let last = self.find(uid, id).await?;
                store::of_user(&self.db, uid, (last.updated_at, &last.id), limit).await?
            }
            None => store::of_user(&self.db, uid, (i64::MAX, ""), limit).await?,
        };
        Ok(rows.iter().map(ConversationView::from).collect())
    }

    /// A conversation with its messages.
    pub(crate) async fn whole(&self, uid: &str, id: &str) -> Result<WholeConversation, ChatError> {
        let row = self.find(uid, id).await?;
        let messages = store::messages(&self.db, &row.id, MOST_MESSAGES).await?;
        Ok(WholeConversation {
            conversation: ConversationView::from(&row),
            messages: messages
                .into_iter()
                .rev()
                .map(MessageView::try_from)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Gives a conversation another title.
    pub(crate) async fn rename(&self, uid: &str, id: &str, title: &str) -> Result<(), ChatError> {
        if !is_line(title, MAX_TOPIC) {
            let detail =
                format!("deve ter de 1 a {MAX_TOPIC} caracteres, sem caracteres de controle");
            return Err(Invalid::new()
                .field("/title", "invalid_value", detail)
                .into());
        }
        let id = canonical(id).ok_or(ChatError::ConversationNotFound)?;
        if store::rename(&self.db, uid, &id, title.trim()).await? {
            Ok(())
        } else {
            Err(ChatError::ConversationNotFound)
        }
    }

    /// Removes a conversation with everything in it.
    pub(crate) async fn remove(&self, uid: &str, id: &str) -> Result<(), ChatError> {
        let id = canonical(id).ok_or(ChatError::ConversationNotFound)?;
        if store::delete(&self.db, uid, &id).await? {
            Ok(())
        } else {
            Err(ChatError::ConversationNotFound)
        }
    }

    /// What is known of a session; nothing of one that has not begun.
    pub(crate) async fn context(
        &self,
        uid: &str,
        session_id: &str,
    ) -> Result<SessionContext, ChatError> {
        let row = if is_line(session_id, MAX_SESSION_ID) {
            store::by_session(&self.db, uid, session_id).await?
        } else {
            None
        };
        let context = row.as_ref().map(context_of).unwrap_or_default();
        Ok(SessionContext {
            session_id: session_id.to_owned(),
            conversation_id: row.map(|row| row.id),
            current_focus: context.current_topic.clone(),
            summary: SessionSummary {
                current_focus: context.current_topic.clone(),
                difficulty_level: context.user_level,
                topics_covered: context.topics_covered.clone(),
                objectives_count: context.learning_objectives.len(),
            },
            learning_context: context,
        })
    }

    /// Judges an answer of one's own conversation; without a rating the judgement is taken back.
    pub(crate) async fn rate(
        &self,
        uid: &str,
        id: &str,
        rating: Option<Rating>,
        reason: Option<&str>,
    ) -> Result<(), ChatError> {
        let reason = reason.map(str::trim).filter(|text| !text.is_empty());
        if reason.is_some_and(|text| text.chars().count() > MAX_REASON || text.contains('\0')) {
            let detail = format!("deve ter no máximo {MAX_REASON} caracteres");
            return Err(Invalid::new()
                .field("/reason", "invalid_value", detail)
                .into());
        }
        let now = self.clock.now_ms();
        let reason = reason.filter(|_| rating.is_some());
        let id = canonical(id).ok_or(ChatError::AnswerNotFound)?;
        if store::rate(&self.db, uid, &id, rating.map(Rating::as_str), reason, now).await? {
            Ok(())
        } else {
            Err(ChatError::AnswerNotFound)
        }
    }

    /// Answers people judged before then, the latest first. They are shown without whose they are.
    pub(crate) async fn rated(&self, before: i64, limit: i64) -> Result<Vec<RatedRow>, ChatError> {
        Ok(store::rated(&self.db, before, limit).await?)
    }

    async fn find(&self, uid: &str, id: &str) -> Result<ConversationRow, ChatError> {
        let id = canonical(id).ok_or(ChatError::ConversationNotFound)?;
        store::by_id(&self.db, uid, &id)
            .await?
            .ok_or(ChatError::ConversationNotFound)
    }
}

/// What is known of a conversation.
pub(super) fn context_of(row: &ConversationRow) -> LearningContext {
    // Lists we wrote ourselves; what cannot be read is as good as nothing.
    let list = |text: &str| serde_json::from_str(text).unwrap_or_default();
    LearningContext {
        current_topic: row.topic.clone(),
        user_level: Level::parse(&row.level),
        learning_style: Style::parse(&row.style),
        learning_objectives: list(&row.objectives),
        topics_covered: list(&row.topics),
    }
}

impl From<&ConversationRow> for ConversationView {
    fn from(row: &ConversationRow) -> Self {
        Self {
            id: row.id.clone(),
            session_id: row.session_id.clone(),
            title: row.title.clone(),
            learning_context: context_of(row),
            created_at: rfc3339(row.created_at),
            updated_at: rfc3339(row.updated_at),
        }
    }
}

impl TryFrom<MessageRow> for MessageView {
    type Error = ChatError;

    fn try_from(row: MessageRow) -> Result<Self, ChatError> {
        Ok(Self {
            details: row
                .details
                .as_deref()
                .map(serde_json::from_str)
                .transpose()?,
            id: row.id,
            role: row.role,
            text: row.text,
            answered: row.answered,
            rating: row.rating,
            reason: row.reason,
            created_at: rfc3339(row.created_at),
        })
    }
}

impl WholeConversation {
    /// As Markdown, for keeping or printing: questions, answers, and under each where it stands.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "# {}\n\n*{}*\n",
            self.conversation.title, self.conversation.created_at
        );
        for message in &self.messages {
            let who = if message.role == "user" {
                "Pergunta"
            } else {
                "Resposta"
            };
            text.push_str(&format!("\n## {who}\n\n{}\n", message.text));
            if !message.answered {
                text.push_str("\n*Sem resposta.*\n");
            }
            let details = message
                .details
                .clone()
                .and_then(|details| serde_json::from_value::<Details>(details).ok());
            let sources = details.map(|details| details.sources).unwrap_or_default();
            if !sources.is_empty() {
                text.push_str("\nFontes:\n\n");
            }
            for source in sources {
                let place = match (source.page, &source.sheet, &source.range) {
                    (Some(page), _, _) => format!(", p. {page}"),
                    (None, Some(sheet), Some(range)) => format!(", {sheet}!{range}"),
                    (None, Some(sheet), None) => format!(", {sheet}"),
                    (None, None, _) => String::new(),
                };
                let line = format!(
                    "- [{}] {} ({}{place})\n",
                    source.n, source.title, source.source
                );
                text.push_str(&line);
            }
        }
        text
    }
}
