//! The command line after the subcommand: `--key value` pairs and switches.

/// A flag a subcommand knows.
pub(crate) struct Flag {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
}

/// What follows the name of a flag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing; the name alone says it.
    Nothing,
    /// One value; the flag may stand once.
    One,
    /// One value; the flag may stand any number of times.
    Many,
}

/// What was given, in order.
pub(crate) struct Flags {
    given: Vec<Given>,
}

struct Given {
    name: &'static str,
    value: String,
}

impl Flags {
    /// Sorts `arguments` by what is `known`.
    pub(crate) fn parse(arguments: &[String], known: &[Flag]) -> Result<Self, String> {
        let mut given: Vec<Given> = Vec::new();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let Some(flag) = known.iter().find(|flag| flag.name == argument) else {
                let names: Vec<&str> = known.iter().map(|flag| flag.name).collect();
                return Err(format!(
                    "unknown argument `{argument}`, expected one of {}",
                    names.join(", ")
                ));
            };
            if flag.takes != Takes::Many && given.iter().any(|earlier| earlier.name == flag.name) {
                return Err(format!("`{}` is given twice", flag.name));
            }
            let value = match flag.takes {
                Takes::Nothing => String::new(),
                Takes::One | Takes::Many => match rest.next() {
                    Some(value) if !value.starts_with("--") => value.clone(),
                    _ => return Err(format!("`{}` expects a value", flag.name)),
                },
            };
            given.push(Given {
                name: flag.name,
                value,
            });
        }
        Ok(Self { given })
    }

    /// Whether the flag was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|given| given.name == name)
    }

    /// Every value of the flag, in the order given.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let of_name = self.given.iter().filter(|given| given.name == name);
        of_name.map(|given| given.value.clone()).collect()
    }

    /// The value of the flag as it stands.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let given = self.given.iter().find(|given| given.name == name)?;
        Some(&given.value)
    }

    /// The value of the flag, read by `read`, whose error is given the flag's name.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        self.text(name)
            .map(|value| read(value).map_err(|error| format!("`{name}`: {error}")))
            .transpose()
    }
}
