//! What is wrong.

use super::model::AlertSettings;

/// Fewer questions in an hour than this say nothing of a share.
const ENOUGH_QUESTIONS: i64 = 10;

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sight {
    /// The rag-server answers.
    pub(crate) rag_answers: bool,
    /// Chat models that are left alone after failures.
    pub(crate) failing_models: Vec<String>,
    /// Since how many minutes the oldest mail, or change of a material, is due.
    pub(crate) overdue_minutes: i64,
    /// Free bytes of the data folder's disk.
    pub(crate) disk_free: Option<u64>,
    /// Questions of the last hour, and how many of them got no answer.
    pub(crate) asked: i64,
    pub(crate) unanswered: i64,
    /// US dollars of today, and how many there are a day.
    pub(crate) spent: f64,
    pub(crate) budget: Option<f64>,
    /// Materials that could not be read since yesterday.
    pub(crate) failed_materials: i64,
    /// Schedules whose last run did not end well.
    pub(crate) failed_schedules: Vec<String>,
}

/// A rule that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) rule: &'static str,
    /// A sentence for people.
    pub(super) detail: String,
}

/// What of it is wrong.
pub(super) fn judge(sight: &Sight, settings: &AlertSettings) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let mut add = |rule, detail| wrong.push(Wrong { rule, detail });
    if !sight.rag_answers {
        add(
            "rag_server",
            "O servidor de respostas não está respondendo: as perguntas ficam sem resposta."
                .to_owned(),
        );
    }
    if !sight.failing_models.is_empty() {
        let names = sight.failing_models.join(", ");
        add(
            "provider",
            format!(
                "Modelos de linguagem em falha: {names}. Outros modelos, ou trechos do material, respondem no lugar deles."
            ),
        );
    }
    if sight.overdue_minutes > settings.queue_minutes {
        let minutes = sight.overdue_minutes;
        add(
            "queue",
            format!("Há e-mails ou mudanças de materiais esperando há {minutes} minutos."),
        );
    }
    let least = u64::try_from(settings.disk_mib).unwrap_or(0) << 20;
    if let Some(free) = sight.disk_free.filter(|free| *free < least) {
        add(
            "disk",
            format!("Restam apenas {} MB livres no disco.", free >> 20),
        );
    }
    if sight.asked >= ENOUGH_QUESTIONS
        && sight.unanswered.saturating_mul(100)
            > sight.asked.saturating_mul(settings.unanswered_percent)
    {
        let (asked, unanswered) = (sight.asked, sight.unanswered);
        add(
            "errors",
            format!(
                "{unanswered} de {asked} perguntas da última hora ficaram sem resposta por falha do sistema."
            ),
        );
    }
    if let Some(budget) = sight.budget
        && sight.spent >= budget * settings.budget_percent as f64 / 100.0
    {
        add(
            "budget",
            format!(
                "O gasto de hoje com modelos de linguagem é de US$ {:.2}, de um limite de US$ {budget:.2}.",
                sight.spent
            ),
        );
    }
    if sight.failed_materials > 0 {
        let count = sight.failed_materials;
        add(
            "materials",
            format!(
                "{count} materiais não puderam ser lidos nas últimas 24 horas; veja o motivo na lista de materiais."
            ),
        );
    }
    if !sight.failed_schedules.is_empty() {
        let names = sight.failed_schedules.join(", ");
        add(
            "schedules",
            format!("Tarefas agendadas que não terminaram bem: {names}."),
        );
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Sight {
        Sight {
            rag_answers: true,
            disk_free: Some(1 << 40),
            asked: 100,
            ..Sight::default()
        }
    }

    #[test]
    fn nothing_is_wrong_with_a_system_that_is_well() {
        assert_eq!(judge(&well(), &AlertSettings::default()), []);
    }

    #[test]
    fn each_rule_begins_where_its_limit_says() {
        let settings = AlertSettings::default();
        let cases: [(&str, Sight, Sight); 8] = [
            (
                "rag_server",
                well(),
                Sight {
                    rag_answers: false,
                    ..well()
                },
            ),
            (
                "provider",
                well(),
                Sight {
                    failing_models: vec!["a".to_owned()],
                    ..well()
                },
            ),
            (
                "queue",
                Sight {
                    overdue_minutes: 15,
                    ..well()
                },
                Sight {
                    overdue_minutes: 16,
                    ..well()
                },
            ),
            (
                "disk",
                Sight {
                    disk_free: Some(2 << 30),
                    ..well()
                },
                Sight {
                    disk_free: Some((2 << 30) - 1),
                    ..well()
                },
            ),
            (
                "errors",
                Sight {
                    unanswered: 20,
                    ..well()
                },
                Sight {
                    unanswered: 21,
                    ..well()
                },
            ),
            (
                "budget",
                Sight {
                    budget: Some(10.0),
                    spent: 7.99,
                    ..well()
                },
                Sight {
                    budget: Some(10.0),
                    spent: 8.0,
                    ..well()
                },
            ),
            (
                "materials",
                well(),
                Sight {
                    failed_materials: 1,
                    ..well()
                },
            ),
            (
                "schedules",
                well(),
                Sight {
                    failed_schedules: vec!["a".to_owned()],
                    ..well()
                },
            ),
        ];
        for (rule, fine, wrong) in cases {
            assert_eq!(judge(&fine, &settings), [], "{rule}");
            let found = judge(&wrong, &settings);
            assert_eq!(found.len(), 1, "{rule}: {found:?}");
            assert_eq!(found[0].rule, rule);
            assert!(found[0].detail.ends_with('.'), "{found:?}");
        }
    }

    #[test]
    fn a_share_of_few_questions_says_nothing() {
        let few = Sight {
            asked: 9,
            unanswered: 9,
            ..well()
        };
        assert_eq!(judge(&few, &AlertSettings::default()), []);
    }
}
