//! Pieces by their bytes.

/// Largest node number; a node and a byte share 32 bits.
const MAX_NODES: usize = 1 << 24;

/// No piece ends here, or no slot is used.
const NONE: u32 = u32::MAX;

/// A trie whose edges stand in one hash table: two words per edge, and one look-up per byte.
#[derive(Debug)]
pub(super) struct Trie {
    /// `(node << 8 | byte, next node)`, open addressing; [`NONE`] as next node marks a free slot.
    edges: Vec<(u32, u32)>,
    /// Piece that ends at each node, or [`NONE`].
    pieces: Vec<u32>,
}

impl Trie {
    /// A trie for pieces of at most `bytes` bytes together.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        // Pieces share their beginnings: of the bundled vocabulary's 322,433 bytes 82,829 make an edge of their
        // own. The table grows when it is three quarters full.
        let slots = (bytes / 2).next_power_of_two().max(16);
        Self {
            edges: vec![(0, NONE); slots],
            pieces: vec![NONE],
        }
    }

    /// Adds a piece.
    pub(super) fn insert(&mut self, piece: &[u8], id: u32) -> Result<(), String> {
        let mut node = 0;
        for byte in piece {
            node = match self.next(node, *byte) {
                Some(next) => next,
                None => self.add(node, *byte)?,
            };
        }
        self.pieces[node as usize] = id;
        Ok(())
    }

    /// Pieces that `bytes` begins with, shortest first: length and id.
    pub(super) fn prefixes(&self, bytes: &[u8]) -> impl Iterator<Item = (usize, u32)> {
        let mut node = Some(0);
        (1..)
            .zip(bytes)
            .map_while(move |(length, byte)| {
                node = node.and_then(|node| self.next(node, *byte));
                node.map(|node| (length, self.pieces[node as usize]))
            })
            .filter(|(_, id)| *id != NONE)
    }

    fn next(&self, node: u32, byte: u8) -> Option<u32> {
        let key = node << 8 | u32::from(byte);
        let (found, next) = self.edges[self.slot(key)];
        (next != NONE && found == key).then_some(next)
    }

    /// The slot that holds `key`, or the free one where it belongs.
    fn slot(&self, key: u32) -> usize {
        // Fibonacci hashing (Knuth, TAOCP 3, 6.4): the high bits of the product are well mixed.
        let mask = self.edges.len() - 1;
        let hash = u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut slot = (hash >> 32) as usize & mask;
        while self.edges[slot].1 != NONE && self.edges[slot].0 != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn add(&mut self, node: u32, byte: u8) -> Result<u32, String> {
        if self.pieces.len() >= MAX_NODES {
            return Err("vocabulary is too large".to_owned());
        }
        if self.pieces.len() > self.edges.len() / 4 * 3 {
            let slots = self.edges.len() * 2;
            let old = std::mem::replace(&mut self.edges, vec![(0, NONE); slots]);
            for (key, next) in old.into_iter().filter(|(_, next)| *next != NONE) {
                let slot = self.slot(key);
                self.edges[slot] = (key, next);
            }
        }
        let next = self.pieces.len() as u32;
        self.pieces.push(NONE);
        let key = node << 8 | u32::from(byte);
        let slot = self.slot(key);
        self.edges[slot] = (key, next);
        Ok(next)
    }
}
