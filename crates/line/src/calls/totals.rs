//! What all calls together have sent, received and repaired.

use crate::peer::Peer;

/// Totals since the start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    pub packets_in: u64,
    pub packets_out: u64,
    pub packets_dropped: u64,
    pub encodes: u64,
    /// Packets received and sent that carried RED.
    pub red_in: u64,
    pub red_out: u64,
    /// Repairs received and sent, and packets that they made whole.
    pub repairs_in: u64,
    pub repairs_out: u64,
    pub repaired: u64,
}

impl Totals {
    /// What one call has counted since it began.
    pub fn of(peer: &Peer) -> Self {
        let (repairs_in, repaired) = peer.repairs_in();
        Totals {
            encodes: peer.mouth.encodes(),
            red_in: peer.red_in(),
            red_out: peer.mouth.protection().copied(),
            repairs_in,
            repairs_out: peer.mouth.protection().repairs(),
            repaired,
            ..Totals::default()
        }
    }

    /// A call's counts went from `before` to `after`.
    pub fn grow(&mut self, before: &Totals, after: &Totals) {
        self.encodes += after.encodes - before.encodes;
        self.red_in += after.red_in - before.red_in;
        self.red_out += after.red_out - before.red_out;
        self.repairs_in += after.repairs_in - before.repairs_in;
        self.repairs_out += after.repairs_out - before.repairs_out;
        self.repaired += after.repaired - before.repaired;
    }
}
