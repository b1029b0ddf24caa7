use std::collections::BTreeMap;

use super::layers::{Node, Source};
use super::{Fault, SettingsErrors, Spec, Variable};

/// Names the file of variables.
const FILE_VARIABLE: &str = "ENV_FILE";

/// The environment variables of a process, as a value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process. Names or values that are no Unicode are left out: no setting of ours
    /// needs them.
    pub fn from_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
        )
    }

    /// Those of this process and, below them, those of the file that `ENV_FILE` names: `.env` in the working folder
    /// unless it says otherwise.
    ///
    /// # Errors
    /// A file that was named and cannot be read, or a line that cannot be understood. Neither repeats the line, which
    /// may hold a secret.
    pub fn with_file() -> Result<Self, SettingsErrors> {
        let process = Self::from_process();
        let named = process.get(FILE_VARIABLE).map(str::to_owned);
        let path = named.as_deref().unwrap_or(".env");
        let fault = |message: String| {
            let fault = Fault::new(FILE_VARIABLE, Some(path.to_owned()), message);
            SettingsErrors::new(vec![fault])
        };
        let mut all = BTreeMap::new();
        match dotenvy::from_path_iter(path) {
            Ok(lines) => {
                for line in lines {
                    let (name, value) = line.map_err(|error| match error {
                        dotenvy::Error::LineParse(_, at) => fault(format!(
                            "a line cannot be understood from its character {at} on"
                        )),
                        _ => fault("the file cannot be read".to_owned()),
                    })?;
                    all.insert(name, value);
                }
            }
            Err(error) if error.not_found() && named.is_none() => {}
            Err(_) => return Err(fault("the file cannot be read".to_owned())),
        }
        all.extend(process.0);
        Ok(Self(all))
    }

    /// Those given.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// The value of `name`; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Values may be secrets: only names are shown.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A value some variable gives to some key.
struct Given {
    key: String,
    /// The name the person wrote, `_FILE` included.
    name: String,
    value: String,
    instead: Option<&'static str>,
}

/// Lays the environment over `tree`.
pub(super) fn apply(
    spec: &Spec,
    environment: &Environment,
    tree: &mut Node,
    found: &mut Vec<Fault>,
    warnings: &mut Vec<String>,
) {
    let mut given = Vec::new();
    for variable in spec.variables {
        collect_plain(variable, environment, &mut given, found);
    }
    collect_by_path(spec, environment, tree, &mut given, found);

    let mut set: BTreeMap<String, Given> = BTreeMap::new();
    for value in given {
        if let Some(instead) = value.instead {
            warnings.push(format!("{} is an old name: use {instead}", value.name));
        }
        match set.get(&value.key) {
            Some(earlier) if earlier.value != value.value => found.push(Fault::new(
                value.key.clone(),
                Some(format!("{} and {}", earlier.name, value.name)),
                "two variables set it to different values".to_owned(),
            )),
            Some(_) => {}
            None => {
                set.insert(value.key.clone(), value);
            }
        }
    }
    for given in set.into_values() {
        let source = Source::Variable(given.name.clone());
        if let Err(message) = tree.set_text(&given.key, given.value, &source) {
            found.push(Fault::new(given.key, Some(given.name), message));
        }
    }
}

fn collect_plain(
    variable: &Variable,
    environment: &Environment,
    given: &mut Vec<Given>,
    found: &mut Vec<Fault>,
) {
    let file_name = format!("{}_FILE", variable.name);
    let direct = environment
        .get(variable.name)
        .map(|value| (variable.name.to_owned(), Ok(value.to_owned())));
    let from_file = environment
        .get(&file_name)
        .map(|path| (file_name.clone(), read(path)));
    for (name, value) in direct.into_iter().chain(from_file) {
        match value {
            Ok(value) => given.push(Given {
                key: variable.key.to_owned(),
                name,
                value: with_unit(value, variable.unit),
                instead: variable.instead,
            }),
            Err(message) => {
                found.push(Fault::new(variable.key.to_owned(), Some(name), message));
            }
        }
    }
}

fn collect_by_path(
    spec: &Spec,
    environment: &Environment,
    tree: &Node,
    given: &mut Vec<Given>,
    found: &mut Vec<Fault>,
) {
    for (name, value) in environment.iter() {
        let Some(path) = name.strip_prefix(spec.prefix) else {
            continue;
        };
        let key = path
            .split("__")
            .map(str::to_ascii_lowercase)
            .collect::<Vec<_>>()
            .join(".");
        // `…_FILE` names a file unless the settings themselves have a key of that name.
        let (key, value) = match key.strip_suffix("_file") {
            Some(base) if !tree.has(&key) => (base.to_owned(), read(value)),
            _ => (key, Ok(value.to_owned())),
        };
        match value {
            Ok(value) => {
                given.push(Given {
                    key,
                    name: name.to_owned(),
                    value,
                    instead: None,
                });
            }
            Err(message) => found.push(Fault::new(key, Some(name.to_owned()), message)),
        }
    }
}

/// The file's text without the line break editors and `echo` leave at its end.
fn read(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        Err(format!("{path}: the file is empty"))
    } else {
        Ok(text.to_owned())
    }
}

fn with_unit(value: String, unit: Option<&str>) -> String {
    match unit {
        Some(unit) if value.trim().parse::<f64>().is_ok() => format!("{}{unit}", value.trim()),
        _ => value,
    }
}
