//! `ballast watch`: looking for readiness from within the network that the container is in.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use std::{fs, io, thread};

use crate::flags::{Flag, Flags, Takes};
use crate::kernel::sharpen_sleeps;
use crate::watching::{Ended, Expected, Listeners, Look, Request, Schedule, Seen, SocketCount, Stamp};
use crate::{duration, hex, say, signal};

pub(crate) const HELP: &str = "\
usage: ballast watch [flags]

  --port PORT             port to look at, from within this network         [8000]
  --patience TIME         how long to look                                  [60s]
  --request HEX           the bytes of the request; without them whoever listens is ready
  --status FIRST-LAST     statuses that count as ready; may be given several times
  --field HEX:HEX         a field that has to be there, and what its value holds; likewise
  --body HEX              what the body holds
  --bodiless              no body follows the head of a response

Prints a line `watching` with what tells this kernel's clock from another's, looks, and prints a line `watched` with what
was seen; and for every line that it reads a line `clock` with what its clock shows. All with an object of JSON behind.
Instants are nanoseconds of CLOCK_MONOTONIC.
";

pub(crate) const FLAGS: &[Flag] = &[
    Flag {
        name: "--port",
        takes: Takes::One,
    },
    Flag {
        name: "--patience",
        takes: Takes::One,
    },
    Flag {
        name: "--request",
        takes: Takes::One,
    },
    Flag {
        name: "--status",
        takes: Takes::Many,
    },
    Flag {
        name: "--field",
        takes: Takes::Many,
    },
    Flag {
        name: "--body",
        takes: Takes::One,
    },
    Flag {
        name: "--bodiless",
        takes: Takes::Nothing,
    },
];

/// Where the kernel tells the number that it drew when it was started.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What is looked for.
pub(crate) struct Options {
    port: u16,
    patience: Duration,
    request: Request,
}

impl Options {
    pub(crate) fn from_flags(flags: &Flags) -> Result<Self, String> {
        let port = flags.read("--port", |text| {
            text.parse()
                .map_err(|_| format!("`{text}` is not a port, expected 1 to 65535"))
        })?;
        let bytes = flags.read("--request", hex::parse)?;
        let each = |name: &str| flags.all(name).into_iter();
        let statuses = each("--status").map(|text| statuses(&text)).collect::<Result<_, _>>()?;
        let fields = each("--field").map(|text| field(&text)).collect::<Result<_, _>>()?;
        let expected = Expected {
            statuses,
            fields,
            body_contains: flags.read("--body", hex::parse)?,
            bodiless: flags.has("--bodiless"),
        };
        if bytes.is_some() && expected.statuses.is_empty() {
            return Err("`--request` expects at least one `--status` beside it".to_owned());
        }
        Ok(Self {
            port: port.unwrap_or(8000),
            patience: flags
                .read("--patience", duration::parse)?
                .unwrap_or(Duration::from_secs(60)),
            request: Request {
                response: bytes.is_some().then_some(expected),
                bytes: bytes.unwrap_or_default(),
            },
        })
    }
}

/// Reads `200-299`.
fn statuses(text: &str) -> Result<RangeInclusive<u16>, String> {
    let broken = || format!("`--status`: `{text}` are not statuses, expected the first and the last, as in `200-299`");
    let (first, last) = text.split_once('-').ok_or_else(broken)?;
    let number = |digits: &str| digits.parse::<u16>().map_err(|_| broken());
    Ok(number(first)?..=number(last)?)
}

/// Reads the name of a field and what its value holds.
fn field(text: &str) -> Result<(String, Vec<u8>), String> {
    let broken = || format!("`--field`: `{text}` is not a field, expected a name, `:` and what it holds");
    let (name, value) = text.split_once(':').ok_or_else(broken)?;
    let bytes = |digits| hex::parse(digits).map_err(|error| format!("`--field`: {error}"));
    let name = String::from_utf8(bytes(name)?).map_err(|_| broken())?;
    Ok((name, bytes(value)?))
}

/// Looks until a response matches or the time is up. That nobody was ready is a result like the other.
pub(crate) fn watch(options: &Options) -> Result<(), String> {
    signal::end_on_stop_signals();
    let mut listeners = Listeners::open()
        .map_err(|error| format!("the kernel does not tell who listens (sock_diag): {error}"))?;
    // Without it more is asked than would be needed.
    let sockets = SocketCount::open().ok();
    sharpen_sleeps();
    let schedule = Schedule::of_looks(1);
    let boot = fs::read_to_string(BOOT_ID).unwrap_or_default();
    // Of a file of digits and dashes; whatever else it may hold is not printed.
    let boot: String = boot.chars().filter(|digit| digit.is_ascii_hexdigit() || *digit == '-').collect();
    let answering = thread::spawn(tell_clock);
    let armed = Stamp::now();
    say(&format!("watching {{\"boot_id\":\"{boot}\",\"now_ns\":{}}}\n", armed.0));
    let look = Look {
        listeners: &mut listeners,
        sockets: sockets.as_ref(),
        port: options.port,
        request: &options.request,
        schedule,
        armed,
        deadline: armed.plus(options.patience.into()),
        // Who has no more use for the result removes the container.
        cancel: &AtomicBool::new(false),
    };
    say(&format!("watched {}\n", json(&look.run(None))));
    // Whoever has another clock asks once more. Who has not closes what is read, or has never opened it.
    let _ = answering.join();
    Ok(())
}

/// Says for each line that comes in what the clock shows.
fn tell_clock() {
    for line in io::stdin().lines() {
        if line.is_err() {
            break;
        }
        say(&format!("clock {{\"now_ns\":{}}}\n", Stamp::now().0));
    }
}

/// What was seen, as a JSON object.
fn json(seen: &Seen) -> String {
    let mut json = String::from("{\"match\":");
    // Writing to a string cannot fail.
    let _ = match seen.polled.ended {
        Ended::Match(found) => {
            let not_before = or_null(found.not_before.map(|stamp| stamp.0));
            let otherwise = or_null(found.answered_otherwise.map(|stamp| stamp.0));
            let status = or_null(found.status);
            write!(
                json,
                "{{\"not_before_ns\":{not_before},\"answered_otherwise_ns\":{otherwise},\"sent_ns\":{},\"first_byte_ns\":{},\"status\":{status}}}",
                found.sent.0, found.first_byte.0
            )
        }
        Ended::TimedOut | Ended::Cancelled => write!(json, "null"),
    };
    // The names of classes and addresses have nothing in them that JSON would have to quote.
    let attempts = seen.polled.met.iter().map(|(class, count)| format!("\"{class}\":{count}"));
    let attempts: Vec<_> = attempts.collect();
    let addresses: Vec<_> = seen.listens_on.iter().map(|address| format!("\"{address}\"")).collect();
    let _ = write!(
        json,
        ",\"attempts\":{{{}}},\"listens_on\":[{}]}}",
        attempts.join(","),
        addresses.join(",")
    );
    json
}

/// A number as JSON has it.
fn or_null(number: Option<impl ToString>) -> String {
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}
