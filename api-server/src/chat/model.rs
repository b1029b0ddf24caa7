use serde::{Deserialize, Serialize};

/// How much is known already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// Definitions and everyday examples.
    Beginner,
    /// Terms with short explanations, and how they hang together.
    #[default]
    Intermediate,
    /// Evidence, limits, debates.
    Advanced,
}

/// How somebody learns best.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Style {
    /// With schemes and tables.
    Visual,
    /// As it would be said.
    Auditory,
    /// With exercises.
    Kinesthetic,
    /// Some of each.
    #[default]
    Mixed,
}

impl Level {
    /// As stored and sent.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Beginner => "beginner",
            Self::Intermediate => "intermediate",
            Self::Advanced => "advanced",
        }
    }

    /// The level of that name; the usual one for what is unknown.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "beginner" => Self::Beginner,
            "advanced" => Self::Advanced,
            _ => Self::Intermediate,
        }
    }
}

impl Style {
    /// As stored and sent.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Visual => "visual",
            Self::Auditory => "auditory",
            Self::Kinesthetic => "kinesthetic",
            Self::Mixed => "mixed",
        }
    }

    /// The style of that name; the usual one for what is unknown.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "visual" => Self::Visual,
            "auditory" => Self::Auditory,
            "kinesthetic" => Self::Kinesthetic,
            _ => Self::Mixed,
        }
    }
}
