//! Which call a datagram belongs to: by the name in a STUN request, else by the path it comes by,
//! else by the source of its media.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use crate::connect::stun;

/// Our port and the far end's address.
pub type Path = (u16, SocketAddr);

/// Paths of one call. Whoever has its keys can make it answer STUN from any number of them; a
/// path that is in use is learnt again with the next packet sent on it.
pub const MAX_PATHS: usize = 64;
/// Paths that one call may learn under one name. The ICE agent remembers every source of a check
/// until it begins anew, so that beyond these, checks from new ones are not shown to it.
pub const MAX_LEARNT: u32 = 1000;

/// The paths of one call.
#[derive(Default)]
struct Known {
    /// The oldest first.
    paths: VecDeque<Path>,
    /// How many were learnt since the call got its name.
    learnt: u32,
}

/// See the module.
#[derive(Default)]
pub struct Directory {
    names: HashMap<String, i64>,
    paths: HashMap<Path, i64>,
    of_call: HashMap<i64, Known>,
    /// Our port and the SSRC of a far end's media: who is it that comes from somewhere new?
    sources: HashMap<(u16, u32), i64>,
}

impl Directory {
    /// The call that a datagram is for, and whether it came by a path of that call.
    pub fn find(&self, path: Path, packet: &[u8]) -> Option<(i64, bool)> {
        if let Some(name) = stun::request_name(packet) {
            let call = *self.names.get(name)?;
            let known = self.paths.get(&path) == Some(&call);
            let full = |of: &Known| of.learnt >= MAX_LEARNT;
            let refused = !known && self.of_call.get(&call).is_some_and(full);
            return (!refused).then_some((call, true));
        }
        if let Some(call) = self.paths.get(&path) {
            return Some((*call, true));
        }
        let source = stun::media_source(packet)?;
        Some((*self.sources.get(&(path.0, source))?, false))
    }

    /// A call goes by this name (ICE user fragment) from now on.
    pub fn name(&mut self, call: i64, ufrag: &str) {
        self.names.insert(ufrag.to_owned(), call);
        self.of_call.entry(call).or_default().learnt = 0;
    }

    pub fn unname(&mut self, ufrag: &str) {
        self.names.remove(ufrag);
    }

    /// Whose path is this?
    pub fn owner(&self, path: Path) -> Option<i64> {
        self.paths.get(&path).copied()
    }

    /// The path is this call's from now on. Beyond [`MAX_PATHS`] its oldest one is forgotten.
    pub fn give(&mut self, path: Path, call: i64) {
        match self.paths.insert(path, call) {
            Some(before) if before == call => return,
            Some(before) => {
                let others = self.of_call.get_mut(&before);
                others
                    .into_iter()
                    .for_each(|o| o.paths.retain(|p| *p != path));
            }
            None => {}
        }
        let known = self.of_call.entry(call).or_default();
        known.learnt += 1;
        known.paths.push_back(path);
        if known.paths.len() > MAX_PATHS {
            if let Some(oldest) = known.paths.pop_front() {
                self.paths.remove(&oldest);
            }
        }
    }

    /// Media of this SSRC at our `port` is the call's. Who had it first keeps it: a copied SSRC
    /// takes nothing from its owner.
    pub fn hear(&mut self, port: u16, source: u32, call: i64) {
        self.sources.entry((port, source)).or_insert(call);
    }

    /// The call is over; its name goes by `unname`.
    pub fn forget(&mut self, call: i64) {
        for path in self.of_call.remove(&call).unwrap_or_default().paths {
            self.paths.remove(&path);
        }
        self.sources.retain(|_, owner| *owner != call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEDIA: [u8; 12] = [0x80, 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];

    fn path(i: usize) -> Path {
        let port = u16::try_from(1000 + i).unwrap();
        (5000, SocketAddr::from(([10, 0, 0, 9], port)))
    }

    #[test]
    fn the_paths_of_a_call_are_bounded_and_the_newest_stay() {
        let mut directory = Directory::default();
        directory.give(path(9999), 2);
        (0..1000).for_each(|i| directory.give(path(i), 1));
        assert_eq!(directory.paths.len(), MAX_PATHS + 1);
        assert_eq!(directory.owner(path(999)), Some(1));
        assert_eq!(directory.owner(path(1000 - MAX_PATHS)), Some(1));
        assert_eq!(directory.owner(path(999 - MAX_PATHS)), None);
        assert_eq!(directory.owner(path(9999)), Some(2));
    }

    #[test]
    fn checks_from_ever_new_sources_find_a_call_no_more_until_it_has_a_new_name() {
        let mut directory = Directory::default();
        directory.name(1, "ours");
        let mut check = vec![0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42];
        check.extend([0; 12]);
        check.extend([0, 6, 0, 4, b'o', b'u', b'r', b's']);
        for i in 0..MAX_LEARNT as usize {
            assert_eq!(directory.find(path(i), &check), Some((1, true)));
            directory.give(path(i), 1);
        }
        assert_eq!(directory.find(path(5000), &check), None);
        assert_eq!(directory.find(path(999), &check), Some((1, true)));
        directory.name(1, "ours");
        assert_eq!(directory.find(path(5000), &check), Some((1, true)));
    }

    #[test]
    fn a_path_that_went_to_another_call_stays_there() {
        let mut directory = Directory::default();
        directory.give(path(0), 1);
        directory.give(path(0), 2);
        (1..=MAX_PATHS).for_each(|i| directory.give(path(i), 1));
        assert_eq!(directory.owner(path(0)), Some(2));
        directory.forget(1);
        assert_eq!(directory.owner(path(0)), Some(2));
        directory.forget(2);
        assert!(directory.paths.is_empty() && directory.of_call.is_empty());
    }

    #[test]
    fn media_from_somewhere_new_is_found_by_its_source() {
        let mut directory = Directory::default();
        directory.hear(5000, 7, 1);
        directory.hear(5000, 7, 2);
        assert_eq!(directory.find(path(0), &MEDIA), Some((1, false)));
        directory.give(path(0), 3);
        assert_eq!(directory.find(path(0), &MEDIA), Some((3, true)));
        directory.forget(1);
        assert_eq!(directory.find(path(1), &MEDIA), None);
    }
}
