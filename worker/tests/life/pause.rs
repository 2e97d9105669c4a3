//! Orders of an operator: `drain` and `drain --resume`.

use crate::{
    need::need,
    place::{Place, Status},
    process::{answer, ask, request, until},
};
use serde_json::json;
use std::{
    io::Write,
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

#[test]
fn drain_waits_for_the_jobs_and_resume_goes_on() {
    let place = Place::sqlite();
    place.enqueue("sleep", &json!({ "ms": 600 }), 1);
    let worker = place.start(&[]);
    worker.works_on(1);
    let admin = worker.address("admin").to_string();
    assert_eq!(place.succeed(&["drain", "--admin", &admin]), "drained\n");
    assert_eq!(place.status().done, 1);
    assert_eq!(worker.get("/readyz"), (503, "paused\n".to_owned()));
    assert_eq!(worker.get("/livez").0, 200);
    // The call that was under way when it was paused is over, so that it cannot bring this one.
    place.enqueue("sleep", &json!({ "ms": 1 }), 1);
    let Status { ready, done, .. } = place.status();
    assert_eq!((ready, done), (1, 1));
    assert_eq!(place.succeed(&["drain", "--resume", "--admin", &admin]), "resumed\n");
    place.becomes("work", |status| status.done == 2);
    assert_eq!(worker.get("/readyz").0, 200);
    let ended = worker.stop();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.all("done", "delivery"), [1, 1]);
}

#[test]
fn a_paused_worker_ends_as_well() {
    let place = Place::sqlite();
    let worker = place.start(&[]);
    let admin = worker.address("admin");
    assert_eq!(ask(admin, "POST", "/pause", "").unwrap().0, 202);
    worker.comes_to("paused");
    let ended = worker.stop();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.after < Duration::from_secs(2));
}

#[test]
fn a_drain_that_takes_too_long_is_no_wrong_setting() {
    let place = Place::sqlite();
    place.enqueue("sleep", &json!({ "ms": 60_000 }), 1);
    let worker = place.start(&[]);
    worker.works_on(1);
    let output = place.run(&["drain", "--timeout", "100ms", "--admin", &worker.address("admin").to_string()]);
    assert_eq!(output.status.code(), Some(75));
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 jobs are still being worked on"));
}

/// What a sidecar of Istio hands on from outside comes from 127.0.0.6.
#[test]
fn orders_from_another_address_of_the_loopback_network_are_refused() {
    let place = Place::sqlite();
    let worker = place.start(&[]);
    let admin = worker.address("admin");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (from, expected) in [("127.0.0.6:0", 403), ("127.0.0.1:0", 202)] {
        let mut stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(from.parse().unwrap()).unwrap();
            socket.connect(admin).await.unwrap().into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        stream.write_all(request("POST", "/pause", "", "close").as_bytes()).unwrap();
        assert_eq!(answer(&mut stream).unwrap().0, expected, "{from}");
    }
}

#[test]
fn drain_says_when_nobody_is_there() {
    let output = Place::bare().run(&["drain", "--admin", "127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no worker answers at 127.0.0.1:1"));
}

/// An address of this host that is not loopback; nothing is sent.
fn outside() -> Option<SocketAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().filter(|address| !address.ip().is_loopback())
}

#[test]
fn orders_come_from_inside_only() {
    let Some(mut outside) = need("address but loopback", outside(), "this host has no network") else { return };
    let place = Place::sqlite();
    let mut command = place.command(&["run", "--admin", "0.0.0.0:0"]);
    command.env("WORKER_LOG", "info");
    let worker = crate::process::Worker::spawn(command);
    worker.comes_to("running");
    outside.set_port(worker.address("admin").port());
    for path in ["/pause", "/resume"] {
        assert_eq!(ask(outside, "POST", path, "").unwrap().0, 403);
    }
    assert_eq!(ask(outside, "GET", "/readyz", "").unwrap().0, 200);
    let inside = SocketAddr::from(([127, 0, 0, 1], outside.port()));
    assert_eq!(ask(inside, "POST", "/pause", "").unwrap().0, 202);
    until("pause", Duration::from_secs(5), || (ask(inside, "GET", "/readyz", "")?.0 == 503).then_some(()));
}
