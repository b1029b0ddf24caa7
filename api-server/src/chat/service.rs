//! From a question to the rag-server, and back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::problem::{ApiError, Invalid};
use shared::telemetry::RequestId;

use super::ChatError;
use super::answer::Details;
use super::conversations::context_of;
use super::model::{Level, Style};
use super::models::Models;
use super::privacy::{Mask, MaskedStream};
use super::question::{Asked, MessageLengths, Text, canonical, title_of};
use super::store::{self, ConversationRow, KeptQuestion, NewMessage};
use super::wire::{ChatModels, RagAnswer, RagConfig, RagQuestion, Turn};
use crate::assistant::{AssistantConfig, AssistantService, SearchType};
use crate::materials::MaterialService;
use crate::numbers::Counts;
use crate::rag::{RagClient, RagError};
use crate::runs::Runs;
use crate::site::SiteService;
use crate::usage::{Admission, UsageService};
use crate::video::VideoService;

/// Messages looked at for what was said before.
const MOST_TURNS: i64 = 12;

/// How questions are answered.
#[derive(Debug, Clone)]
pub struct ChatSettings {
    /// Lengths of messages.
    pub lengths: MessageLengths,
    /// Characters of what was said before that go with a question.
    pub memory: usize,
    /// How many questions and messages one person may have planned at a time; 0 = none.
    pub planned: u32,
    /// Whether CPF, CNPJ, telephone numbers and e-mail addresses are hidden in answers.
    pub mask_personal_data: bool,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

/// Answers questions and keeps them.
#[derive(Debug)]
pub(crate) struct ChatService {
    pub(super) db: Db,
    pub(super) rag: Arc<RagClient>,
    pub(super) usage: Arc<UsageService>,
    site: Arc<SiteService>,
    materials: Arc<MaterialService>,
    pub(super) videos: Arc<VideoService>,
    assistant: Arc<AssistantService>,
    models: Models,
    pub(super) mask: Option<Mask>,
    pub(super) counts: Counts,
    pub(super) runs: Runs,
    settings: ChatSettings,
    pub(super) clock: Arc<dyn Clock>,
}

/// A question that was taken and kept, and goes to the rag-server next.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(super) uid: String,
    pub(super) conversation_id: String,
    pub(super) session_id: String,
    pub(super) message_id: String,
    pub(super) question: Text,
    pub(super) level: Level,
    pub(super) style: Style,
    pub(super) admission: Admission,
    pub(super) request: RagQuestion,
    pub(super) notices: Vec<String>,
    pub(super) started: Instant,
    /// Number of the request that asked; a stream outlives its handler.
    pub(super) request_id: Option<RequestId>,
}

/// An answer that was kept.
#[derive(Debug)]
pub(crate) struct Answered {
    /// Markdown.
    pub(crate) text: String,
    pub(crate) details: Details,
}

impl ChatService {
    /// Conversations in `db`, answers from `rag`, what to watch from `videos`.
    ///
    /// # Errors
    /// Never: see [`Mask::new`].
    #[allow(
        clippy::too_many_arguments,
        reason = "each of them is a part of its own"
    )]
    pub(crate) fn new(
        db: Db,
        rag: Arc<RagClient>,
        usage: Arc<UsageService>,
        site: Arc<SiteService>,
        materials: Arc<MaterialService>,
        videos: Arc<VideoService>,
        assistant: Arc<AssistantService>,
        settings: ChatSettings,
        (counts, runs): (Counts, Runs),
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let mask = settings.mask_personal_data.then(Mask::new).transpose()?;
        Ok(Self {
            db,
            models: Models::new(Arc::clone(&rag), Arc::clone(&clock)),
            rag,
            usage,
            site,
            materials,
            videos,
            assistant,
            mask,
            counts,
            runs,
            settings,
            clock,
        })
    }

    /// Answers a question.
    ///
    /// # Errors
    /// What is wrong with the question, a limit, or the rag-server; then the question stays in its conversation, marked
    /// as unanswered.
    pub(crate) async fn ask(&self, uid: &str, asked: &Asked) -> Result<Answered, ApiError> {
        let prepared = self.prepare(uid, asked).await?;
        let answer = async {
            let request = self.request(&prepared, "query")?;
            self.rag.read::<RagAnswer>(request).await
        };
        match answer.await {
            Ok(answer) => Ok(self.keep(&prepared, answer).await?),
            Err(error) => {
                self.give_up(&prepared).await;
                Err(error.into())
            }
        }
    }

    /// A question that got no answer does not count.
    pub(super) async fn give_up(&self, prepared: &Prepared) {
        self.counts.unanswered();
        self.usage.take_back(&prepared.admission).await;
    }

    /// The request that asks the rag-server.
    pub(super) fn request(
        &self,
        prepared: &Prepared,
        route: &str,
    ) -> Result<RequestBuilder, RagError> {
        let path: Vec<&str> = route.split('/').collect();
        let request = self.rag.request(Method::POST, &path, &[])?;
        Ok(request
            .json(&prepared.request)
            .timeout(self.settings.timeout))
    }

    /// Whether a question may be asked as it stands.
    pub(crate) fn check(&self, asked: &Asked) -> Result<(), ChatError> {
        asked.check(self.settings.lengths).map(drop)
    }

    /// Longest wait for an answer.
    pub(crate) fn patience(&self) -> Duration {
        self.settings.timeout
    }

    /// The id of one of a user's own conversations, as it is stored.
    pub(crate) async fn own_conversation(&self, uid: &str, id: &str) -> Result<String, ChatError> {
        let id = canonical(id).ok_or(ChatError::ConversationNotFound)?;
        let row = store::by_id(&self.db, uid, &id).await?;
        Ok(row.ok_or(ChatError::ConversationNotFound)?.id)
    }

    /// Where a user's question of this id was kept, if it was.
    pub(crate) async fn kept_question(
        &self,
        uid: &str,
        id: &str,
    ) -> Result<Option<KeptQuestion>, DbError> {
        store::question(&self.db, uid, id).await
    }

    /// Removes a user's question that got no answer: it is asked anew.
    pub(crate) async fn withdraw(&self, uid: &str, id: &str) -> Result<(), DbError> {
        store::withdraw(&self.db, uid, id).await
    }

    /// Which chat models there are.
    pub(crate) async fn models(&self) -> Result<ChatModels, RagError> {
        Ok(self.models.get().await?.map_or(
            ChatModels {
                models: Vec::new(),
                default: None,
            },
            |models| (*models).clone(),
        ))
    }

    /// Removes records of answers that are old enough; how many files.
    ///
    /// # Errors
    /// The folder.
    pub(crate) async fn prune_runs(&self) -> std::io::Result<usize> {
        self.runs.prune().await
    }

    /// Lengths of messages, for showing.
    pub(crate) fn lengths(&self) -> MessageLengths {
        self.settings.lengths
    }

    /// Hides personal data in a stream, if that is wanted.
    pub(super) fn masked_stream(&self) -> Option<MaskedStream> {
        self.mask.clone().map(MaskedStream::new)
    }

    /// Checks, counts and keeps a question, and puts together what the rag-server is asked.
    pub(super) async fn prepare(&self, uid: &str, asked: &Asked) -> Result<Prepared, ApiError> {
        let started = Instant::now();
        let question = asked.check(self.settings.lengths)?;
        let material_ids = self.materials_of(asked).await?;
        let now = self.clock.now_ms();
        let site = self.site.current().await?;
        let mut tx = self.db.begin_write().await?;
        // First: it holds what else this user asks until this is kept.
        let admission = self.usage.admit(&mut tx, uid, site.time_zone).await?;
        let found = match (&asked.conversation_id, &asked.session_id) {
            (Some(id), _) => {
                let id = canonical(id).ok_or(ChatError::ConversationNotFound)?;
                let row = store::take_by_id(&mut tx, uid, &id).await?;
                Some(row.ok_or(ChatError::ConversationNotFound)?)
            }
            (None, Some(session)) => store::take_by_session(&mut tx, uid, session).await?,
            (None, None) => None,
        };
        // What the page sends back as the topic is what it was told before; only another one is the user's choice.
        let known_topic = found.as_ref().and_then(|row| row.topic.clone());
        let chosen_topic = asked
            .topic
            .clone()
            .filter(|topic| known_topic.as_ref() != Some(topic));
        let is_new = found.is_none();
        let mut conversation = found.unwrap_or_else(|| {
            new_conversation(uid, asked.session_id.as_deref(), &question.text, now)
        });
        if let Some(level) = asked.level {
            level.as_str().clone_into(&mut conversation.level);
        }
        if let Some(style) = asked.style {
            style.as_str().clone_into(&mut conversation.style);
        }
        if chosen_topic.is_some() {
            conversation.topic.clone_from(&chosen_topic);
        }
        if let Some(objectives) = &asked.objectives
            && !objectives.is_empty()
        {
            conversation.objectives = serde_json::to_string(objectives).map_err(ChatError::from)?;
        }
        conversation.updated_at = now;
        if is_new {
            store::insert(&mut tx, &conversation).await?;
        } else {
            store::update(&mut tx, &conversation).await?;
        }
        let message = NewMessage {
            id: asked
                .question_id
                .clone()
                .unwrap_or_else(|| uuid::Uuid::now_v7().to_string()),
            conversation_id: conversation.id.clone(),
            role: "user",
            text: question.text.clone(),
            created_at: now,
            ..NewMessage::default()
        };
        store::insert_message(&mut tx, &message).await?;
        tx.commit().await?;

        let context = context_of(&conversation);
        let mut notices = Vec::new();
        if question.cut {
            notices.push(format!(
                "A mensagem passou de {} caracteres e só o começo dela foi considerado.",
                self.settings.lengths.cut
            ));
        }
        let is_budget_spent = self.usage.is_budget_spent().await?;
        if is_budget_spent {
            notices.push(
                "O orçamento de hoje para respostas redigidas acabou; esta resposta traz apenas trechos do material."
                    .to_owned(),
            );
        }
        let history = if is_new {
            Vec::new()
        } else {
            self.history(&conversation.id, &message.id).await?
        };
        // A rag-server that cannot say what models it has is asked without one; that it is away shows soon enough.
        let models = self.models.get().await.ok().flatten();
        let assistant = self.assistant.current().await?;
        let mut request = RagQuestion {
            question: question.text.clone(),
            history,
            level: Some(context.user_level.as_str().to_owned()),
            style: Some(context.learning_style.as_str().to_owned()),
            prompt: Some(assistant.prompt.clone()),
            language: site.language().map(str::to_owned),
            material_ids,
            config: config(&assistant, models.as_deref(), is_budget_spent),
            ..RagQuestion::default()
        };
        if models.is_some() {
            request.topic = chosen_topic;
            request.objectives.clone_from(&context.learning_objectives);
        }
        Ok(Prepared {
            uid: uid.to_owned(),
            conversation_id: conversation.id,
            session_id: conversation.session_id,
            message_id: message.id,
            question,
            level: context.user_level,
            style: context.learning_style,
            admission,
            request,
            notices,
            started,
            request_id: RequestId::current(),
        })
    }

    /// The materials that a question is about, as the rag-server calls them.
    async fn materials_of(&self, asked: &Asked) -> Result<Option<Vec<String>>, ApiError> {
        let Some(names) = &asked.materials else {
            return Ok(None);
        };
        let mut uids = Vec::with_capacity(names.len());
        let mut invalid = Invalid::new();
        for (position, name) in names.iter().enumerate() {
            if let Some(uid) = self.materials.uid_of(name).await? {
                uids.push(uid);
            } else {
                let pointer = format!("/material_ids/{position}");
                invalid = invalid.field(pointer, "not_found", "este material não existe");
            }
        }
        Ok(invalid.or(Some(uids))?)
    }

    /// What was said last, as far as the memory reaches, in its order.
    async fn history(&self, conversation_id: &str, before: &str) -> Result<Vec<Turn>, DbError> {
        let latest = store::last_turns(&self.db, conversation_id, before, MOST_TURNS).await?;
        let mut left = self.settings.memory;
        let mut turns = Vec::new();
        for (role, text) in latest {
            if left == 0 {
                break;
            }
            let content: String = text.chars().take(left).collect();
            left = left.saturating_sub(content.chars().count());
            turns.push(Turn {
                role: if role == "user" { "user" } else { "assistant" },
                content,
            });
        }
        turns.reverse();
        Ok(turns)
    }
}

fn config(
    assistant: &AssistantConfig,
    models: Option<&ChatModels>,
    is_budget_spent: bool,
) -> RagConfig {
    let writes = models.filter(|_| !is_budget_spent);
    RagConfig {
        mmr: (assistant.retrieval_search_type == SearchType::Mmr).then_some(true),
        generate: is_budget_spent.then_some(false),
        model: writes.and_then(|models| models.named(&assistant.model)),
        temperature: writes.map(|_| assistant.temperature),
        ..RagConfig::default()
    }
}

fn new_conversation(
    uid: &str,
    session_id: Option<&str>,
    question: &str,
    now: i64,
) -> ConversationRow {
    let id = uuid::Uuid::now_v7().to_string();
    ConversationRow {
        uid: uid.to_owned(),
        session_id: session_id.map_or_else(|| id.clone(), str::to_owned),
        title: title_of(question),
        topic: None,
        level: Level::default().as_str().to_owned(),
        style: Style::default().as_str().to_owned(),
        objectives: "[]".to_owned(),
        topics: "[]".to_owned(),
        created_at: now,
        updated_at: now,
        id,
    }
}
