//! `ballast work`: what an install step does, in a size that is asked for.

use std::fs;
use std::hint;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::cache::{self, Cache};
use crate::content::{self, Fingerprint, Input};
use crate::flags::{Flag, Flags, Takes};
use crate::{clock, duration, say, size};

pub(crate) const HELP: &str = "\
usage: ballast work --output DIR [flags]

  --output DIR            folder to write the files into; made where absent
  --files COUNT           how many files to write                           [0]
  --bytes SIZE            bytes of each file                                [0B]
  --cpu TIME              CPU time to use up                                [0ms]
  --sleep TIME            time to wait, as a download does                  [0ms]
  --input PATH            a file or folder the written bytes follow from; may stand many times
  --cache DIR             share --cpu evenly among the lines of the inputs (without empty lines and
                          those that begin with #), skip the share of a line known in DIR, and add
                          the others: a download cache, to be kept in a cache mount
  --fail                  after the CPU time and the wait, write nothing and end with exit code 1

The same bytes of the inputs give the same bytes of the files. Times are written like 500ms or
1.5s, sizes like 20KiB.
";

pub(crate) const FLAGS: &[Flag] = &[
    Flag {
        name: "--output",
        takes: Takes::One,
    },
    Flag {
        name: "--files",
        takes: Takes::One,
    },
    Flag {
        name: "--bytes",
        takes: Takes::One,
    },
    Flag {
        name: "--cpu",
        takes: Takes::One,
    },
    Flag {
        name: "--sleep",
        takes: Takes::One,
    },
    Flag {
        name: "--input",
        takes: Takes::Many,
    },
    Flag {
        name: "--cache",
        takes: Takes::One,
    },
    Flag {
        name: "--fail",
        takes: Takes::Nothing,
    },
];

/// A folder holds no more files than this, as packages do not either.
const FILES_PER_FOLDER: usize = 100;

/// What is to be done.
pub(crate) struct Options {
    output: PathBuf,
    files: usize,
    bytes: usize,
    cpu: Duration,
    sleep: Duration,
    inputs: Vec<PathBuf>,
    cache: Option<PathBuf>,
    fail: bool,
}

impl Options {
    pub(crate) fn from_flags(flags: &Flags) -> Result<Self, String> {
        let output = flags
            .text("--output")
            .ok_or("`--output` is missing, expected a folder to write into")?;
        let files = flags.read("--files", |text| {
            text.parse()
                .map_err(|_| format!("`{text}` is not a count, expected a whole number"))
        })?;
        Ok(Self {
            output: PathBuf::from(output),
            files: files.unwrap_or(0),
            bytes: flags.read("--bytes", size::parse)?.unwrap_or(0),
            cpu: flags.read("--cpu", duration::parse)?.unwrap_or_default(),
            sleep: flags.read("--sleep", duration::parse)?.unwrap_or_default(),
            inputs: flags.all("--input").into_iter().map(PathBuf::from).collect(),
            cache: flags.text("--cache").map(PathBuf::from),
            fail: flags.has("--fail"),
        })
    }
}

/// Does the work, one line of log a phase.
pub(crate) fn work(options: &Options) -> Result<(), String> {
    let mut inputs = Vec::new();
    for path in &options.inputs {
        inputs.extend(content::read(path)?);
    }
    let mut fingerprint = Fingerprint::new();
    for input in &inputs {
        fingerprint.add(input.name.as_bytes());
        fingerprint.add(&input.bytes);
    }
    log(&format!(
        "read {} input file(s), fingerprint {:016x}",
        inputs.len(),
        fingerprint.value()
    ));

    match &options.cache {
        Some(folder) => compute_missing(options.cpu, &inputs, &Cache::open(folder)?)?,
        None => compute(options.cpu),
    }
    if !options.sleep.is_zero() {
        thread::sleep(options.sleep);
        log(&format!("waited {:?}", options.sleep));
    }
    if options.fail {
        return Err("the work failed, as told by `--fail`".to_owned());
    }
    write(options, fingerprint.value())
}

/// Uses the share of `cpu` of every line that `cache` does not know.
fn compute_missing(cpu: Duration, inputs: &[Input], cache: &Cache) -> Result<(), String> {
    let lines = cache::lines(inputs);
    let mut known = 0;
    for line in &lines {
        if cache.holds(line) {
            known += 1;
        } else {
            // A share of a day among at least one line.
            compute(cpu / u32::try_from(lines.len()).unwrap_or(u32::MAX));
            cache.keep(line)?;
        }
    }
    log(&format!("{known} of {} line(s) were in the cache", lines.len()));
    Ok(())
}

/// Uses CPU time of this process until it has used `cpu` more than before.
fn compute(cpu: Duration) {
    if cpu.is_zero() {
        return;
    }
    let end = clock::cpu() + duration::nanos(cpu);
    let mut state = 0;
    while clock::cpu() < end {
        for _ in 0..10_000 {
            hint::black_box(content::next(&mut state));
        }
    }
    log(&format!("used {cpu:?} of CPU time"));
}

fn write(options: &Options, seed: u64) -> Result<(), String> {
    make_folder(&options.output)?;
    let mut folder = options.output.clone();
    for number in 0..options.files {
        if number % FILES_PER_FOLDER == 0 {
            folder = options
                .output
                .join(format!("part-{:04}", number / FILES_PER_FOLDER));
            make_folder(&folder)?;
        }
        let mut state = seed ^ number as u64;
        let path = folder.join(format!("file-{number:06}.txt"));
        fs::write(&path, content::text(content::next(&mut state), options.bytes))
            .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    }
    log(&format!(
        "wrote {} file(s) of {} bytes to {}",
        options.files,
        options.bytes,
        options.output.display()
    ));
    Ok(())
}

fn make_folder(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot make the folder `{}`: {error}", folder.display()))
}

fn log(line: &str) {
    say(&format!("work: {line}\n"));
}
