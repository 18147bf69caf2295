//! A scenario in a folder of its own, and the program run on it.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use seatrial::results::{BuildSample, Run, StartSample};
use seatrial::workspace::SCRATCH_PREFIX;
use tempfile::TempDir;

/// How long anything here may take before the test fails; far beyond what it takes.
const PATIENCE: Duration = Duration::from_secs(180);

/// A scenario with folders of its own for reports, scratch copies and caches.
pub(crate) struct Trial {
    folder: TempDir,
    reports: PathBuf,
    temporary: PathBuf,
    variables: Vec<(String, String)>,
    spares: bool,
    /// What the program is run by and with, in place of itself.
    by: Vec<String>,
}

/// A user whom nothing on a machine belongs to.
const STRANGER: u32 = 60_077;

impl Trial {
    /// A scenario with these files; paths are those inside the scenario's folder.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join("trial").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        for name in ["tmp", "cache"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self {
            reports: folder.path().join("reports"),
            temporary: folder.path().join("tmp"),
            variables: Vec::new(),
            spares: false,
            by: Vec::new(),
            folder,
        }
    }

    /// Puts the reports elsewhere.
    pub(crate) fn reporting_to(mut self, reports: &Path) -> Self {
        reports.clone_into(&mut self.reports);
        self
    }

    /// Shares the temporary folder of another one, as everything on a machine does, and with it the lock of the daemon.
    pub(crate) fn beside(mut self, other: &Self) -> Self {
        self.temporary.clone_from(&other.temporary);
        self
    }

    /// Leaves own records of the build cache where others would lose theirs. Without this they are removed, so that
    /// what is left can be told on every engine.
    pub(crate) fn sparing(mut self) -> Self {
        self.spares = true;
        self
    }

    /// Sets an environment variable for the program.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs the program as a user without root, who may use the engine as a member of the group that its socket belongs to.
    /// Where the tests are such a user's themselves nothing changes.
    pub(crate) fn by_a_member_of_the_engines_group(self) -> Self {
        if !geteuid().is_root() {
            return self;
        }
        let folder = self.folder.path().to_owned();
        fs::create_dir(folder.join("config")).unwrap();
        own(&folder, STRANGER);
        // Where they lie, that user need not be able to go; other names of them can be reached.
        let program = folder.join("seatrial");
        let built = Path::new(env!("CARGO_BIN_EXE_seatrial"));
        if fs::hard_link(built, &program).is_err() {
            fs::copy(built, &program).unwrap();
        }
        let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
        let socket = Path::new(
            host.strip_prefix("unix://")
                .expect("the engine is on this machine"),
        );
        let group = fs::metadata(socket).unwrap().gid();
        let near = folder.join("docker.sock");
        let host = match fs::hard_link(socket, &near) {
            Ok(()) => format!("unix://{}", near.display()),
            // On another disk, as that of a whole machine is, which every user reaches.
            Err(_) => host,
        };
        let (user, group) = (STRANGER.to_string(), group.to_string());
        let by = ["setpriv", "--reuid", &user, "--regid", &user, "--groups", &group];
        let mut by = by.map(str::to_owned).to_vec();
        by.push(program.display().to_string());
        let config = folder.join("config").display().to_string();
        let home = folder.display().to_string();
        Self { by, ..self }
            .with_variable("DOCKER_HOST", &host)
            .with_variable("DOCKER_CONFIG", &config)
            .with_variable("HOME", &home)
    }

    /// Runs the program where the monotonic clock shows that much more than that of the daemon's containers, as another kernel's
    /// would. Takes root.
    pub(crate) fn by_a_clock_that_is_ahead(self, seconds: u64) -> Self {
        let seconds = seconds.to_string();
        let by = [
            "unshare",
            "--fork",
            "--time",
            "--monotonic",
            &seconds,
            env!("CARGO_BIN_EXE_seatrial"),
        ];
        let by = by.map(str::to_owned).to_vec();
        Self { by, ..self }
    }

    /// Runs a command that only looks at things.
    pub(crate) fn command(&self, command: &[&str], arguments: &[&str]) -> Ended {
        let mut program = self.bare(command[0]);
        program.args(&command[1..]).args(arguments);
        self.spawn(program).wait()
    }

    /// The scenario's folder.
    pub(crate) fn scenario(&self) -> PathBuf {
        self.folder.path().join("trial")
    }

    /// The scratch copies that are left.
    pub(crate) fn scratch_copies(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.temporary).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(SCRATCH_PREFIX)).collect()
    }

    /// The folder of all runs; there is none before the first.
    pub(crate) fn reports(&self) -> &Path {
        &self.reports
    }

    /// Begins a command that has nothing to do with the scenario.
    pub(crate) fn begin(&self, command: &[&str]) -> Running {
        let mut program = self.bare(command[0]);
        program.args(&command[1..]);
        self.spawn(program)
    }

    /// Runs the scenario to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).wait()
    }

    /// Begins to run the scenario.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let scenario = self.scenario();
        let mut command = self.program("run");
        command.arg(scenario).args(["--seed", "1"]).args(arguments);
        self.spawn(command)
    }

    /// Runs `clean` on the reports.
    pub(crate) fn clean(&self, arguments: &[&str]) -> Ended {
        let mut command = self.program("clean");
        command.args(arguments);
        self.spawn(command).wait()
    }

    fn program(&self, subcommand: &str) -> Command {
        let mut command = self.bare(subcommand);
        command.arg("--reports").arg(&self.reports);
        command
    }

    fn bare(&self, subcommand: &str) -> Command {
        let itself = [env!("CARGO_BIN_EXE_seatrial").to_owned()];
        let words = if self.by.is_empty() {
            &itself
        } else {
            self.by.as_slice()
        };
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .arg(subcommand)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("TMPDIR", &self.temporary)
            .env("XDG_CACHE_HOME", self.folder.path().join("cache"));
        if !self.spares && ["run", "resume", "clean"].contains(&subcommand) {
            command.arg("--prune-anyway");
        }
        command
    }

    /// Output goes to files: nobody has to read it while the program runs.
    fn spawn(&self, mut command: Command) -> Running {
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| self.folder.path().join(name));
        let child = command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        Running {
            child,
            stdout,
            stderr,
        }
    }

    /// Whether a run has made its folder.
    pub(crate) fn has_report(&self) -> bool {
        fs::read_dir(&self.reports).is_ok_and(|mut folders| folders.next().is_some())
    }

    /// The folder of the only run.
    pub(crate) fn report(&self) -> PathBuf {
        let folders = self.reports_of_runs();
        let [folder] = folders.as_slice() else {
            panic!("one run was expected: {folders:?}");
        };
        folder.clone()
    }

    /// The folders in the folder of reports. A file beside them is of no run.
    pub(crate) fn reports_of_runs(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.reports).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .collect()
    }

    /// What the journal of the only run holds.
    pub(crate) fn journal(&self) -> Run {
        seatrial::store::load(&self.report()).unwrap()
    }
}

/// Gives a folder and all that is in it to a user and the group of the same number.
fn own(path: &Path, user: u32) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            own(&entry.unwrap().path(), user);
        }
    }
    std::os::unix::fs::chown(path, Some(user), Some(user)).unwrap();
}

/// The program at work; killed where the test fails meanwhile.
pub(crate) struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// Waits for the end.
    pub(crate) fn wait(self) -> Ended {
        self.wait_for(PATIENCE)
    }

    /// Waits for the end, which takes no longer than this.
    pub(crate) fn wait_for(mut self, longest: Duration) -> Ended {
        let mut status = None;
        within(longest, "the program ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        Ended {
            code: status.unwrap().code(),
            stdout: fs::read_to_string(&self.stdout).unwrap(),
            stderr: fs::read_to_string(&self.stderr).unwrap(),
        }
    }

    /// Its process number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// What it has said besides so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_child(&self.child);
        kill_process(id, signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // It may end by itself in this moment.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it said besides.
    pub(crate) stderr: String,
}

/// Waits until something is so.
pub(crate) fn until(what: &str, is_so: impl FnMut() -> bool) {
    within(PATIENCE, what, is_so);
}

fn within(longest: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < longest, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process runs whose command line holds this text. Containers of a daemon on this machine are its processes.
pub(crate) fn process_runs(text: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .any(|line| String::from_utf8_lossy(&line).contains(text))
}

/// Measured builds of a variant, by step.
pub(crate) fn builds<'run>(run: &'run Run, variant: &str, step: &str) -> Vec<&'run BuildSample> {
    let is_meant = |build: &&BuildSample| build.key.variant == variant && build.step == step;
    run.builds.iter().filter(is_meant).collect()
}

/// The only start of a variant that was looked at by its own port or address.
pub(crate) fn start_of<'run>(run: &'run Run, variant: &str) -> &'run StartSample {
    let starts: Vec<_> = run
        .starts
        .iter()
        .filter(|start| start.key.variant == variant && !start.tier.is_inside())
        .collect();
    assert_eq!(starts.len(), 1, "{variant}");
    starts[0]
}
