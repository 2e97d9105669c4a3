//! What a worker reaches its server through: a network that can be cut, without a word to either side.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// It lasts until the test ends.
pub(crate) struct Cable {
    address: SocketAddr,
    cut_until: Arc<Mutex<Instant>>,
}

impl Cable {
    /// Lays one to a server.
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let cut_until = Arc::new(Mutex::new(Instant::now()));
        let cut = cut_until.clone();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                // A server that is down: the connection is closed again.
                let Ok(far) = TcpStream::connect(server) else { continue };
                for (from, to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                    let cut = cut.clone();
                    thread::spawn(move || carry(from, to, &cut));
                }
            }
        });
        Cable { address, cut_until }
    }

    /// Where its near end is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Nothing arrives for so long. What is on the way arrives after that, however late it is.
    pub(crate) fn cut(&self, duration: Duration) {
        *self.cut_until.lock().unwrap() = Instant::now() + duration;
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, cut_until: &Mutex<Instant>) {
    let mut buffer = [0; 65536];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        loop {
            let until = *cut_until.lock().unwrap();
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::sleep(left);
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // One end has gone: the other hears of it.
    for stream in [from, to] {
        let _closed = stream.shutdown(std::net::Shutdown::Both);
    }
}
