//! A registry gets the user's login, and nothing else does.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::daemon::{daemon, unique};
use crate::support::text;
use crate::trial::Trial;

/// A registry that wants a login, has no image, and keeps what it was told.
struct Registry {
    address: String,
    told: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let told = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&told);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &kept);
            }
        });
        Self { address, told }
    }

    /// The logins of its requests, as the header carries them.
    fn logins(&self) -> Vec<String> {
        let mut logins = self.told.lock().unwrap().clone();
        logins.dedup();
        logins
    }
}

/// The first byte of a client that speaks TLS.
const TLS_HANDSHAKE: u8 = 22;

fn answer(mut stream: TcpStream, told: &Mutex<Vec<String>>) {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return;
        }
        request.push(byte[0]);
        if request == [TLS_HANDSHAKE] {
            // As a server without TLS answers, by which clients know that it has none.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
            return;
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let login = request.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("authorization")
            .then(|| value.to_owned())
    });
    let status = if login.is_some() {
        "404 Not Found"
    } else {
        "401 Unauthorized"
    };
    told.lock().unwrap().extend(login);
    let head = "WWW-Authenticate: Basic realm=\"trial\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    // A client that is gone needs no answer.
    let _ = write!(stream, "HTTP/1.1 {status}\r\n{head}");
}

#[test]
fn logins_of_the_docker_command_reach_the_registry_alone() {
    let Some(_daemon) = daemon() else { return };
    // The builder fetches a base by itself, or the engine pulls it before.
    for (is_helper, is_pulled) in [(false, false), (true, false), (false, true)] {
        let registry = Registry::start();
        let password = unique("password");
        let login = format!("someone:{password}");
        let base64 = {
            let mut encode = std::process::Command::new("sh");
            encode.args(["-c", "printf %s \"$1\" | base64 --wrap=0", "sh", &login]);
            text(&crate::support::output_of(&mut encode).stdout)
        };
        let address = &registry.address;
        let config = if is_helper {
            format!("{{\"credHelpers\": {{\"{address}\": \"trial\"}}}}")
        } else {
            format!("{{\"auths\": {{\"{address}\": {{\"auth\": \"{base64}\"}}}}}}")
        };
        let image = format!("{address}/trial/{}:1", unique("base"));
        let base = format!("[base.b]\nimage = \"{image}\"\n");
        let scenario = [
            "schema = 1\ntitle = \"Logins\"\ncontext.path = \"context\"\n",
            if is_pulled { &base } else { "" },
            "[[variant]]\nname = \"one\"\ndockerfile = \"Dockerfile\"\n",
        ]
        .concat();
        let from = if is_pulled {
            "ARG B\nFROM ${B}"
        } else {
            &format!("FROM {image}")
        };
        let trial = Trial::new(&[
            ("scenario.toml", &scenario),
            ("Dockerfile", &format!("{from}\nCOPY . /\n")),
            ("context/note.txt", ""),
            ("../config/config.json", &config),
            (
                "../bin/docker-credential-trial",
                "#!/bin/sh\nread -r server\nprintf '{\"ServerURL\":\"%s\",\"Username\":\"someone\",\"Secret\":\"%s\"}' \
                 \"$server\" \"$TRIAL_PASSWORD\"\n",
            ),
        ]);
        let folder = trial.scenario().parent().unwrap().to_owned();
        let helper = folder.join("bin/docker-credential-trial");
        fs::set_permissions(helper, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!(
            "{}:{}",
            folder.join("bin").display(),
            std::env::var("PATH").unwrap()
        );
        let trial = trial
            .with_variable("DOCKER_CONFIG", &folder.join("config").display().to_string())
            .with_variable("TRIAL_PASSWORD", &password)
            .with_variable("PATH", &path);
        let ended = trial.run(&["--quick"]);
        // The registry takes the login and has no such image.
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(
            registry.logins(),
            [format!("Basic {base64}")],
            "{is_helper} {is_pulled}: {ended:?}"
        );
        let mut said = ended.stdout + &ended.stderr;
        for entry in fs::read_dir(trial.report()).unwrap() {
            said += &String::from_utf8_lossy(&fs::read(entry.unwrap().path()).unwrap());
        }
        assert!(!said.contains(&password) && !said.contains(&base64), "{said}");
    }
}
