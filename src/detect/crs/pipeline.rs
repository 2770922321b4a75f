//! The transformations of all rules as one tree: what many rules begin with is done once.

use crate::detect::crs::transform::{Signs, Transform};

/// A place in the tree; 0 is the text as it came.
pub type Node = u16;

#[derive(Debug, Default)]
pub struct Pipelines {
    /// Of node n + 1: the node before, and what is done to its text.
    steps: Vec<(Node, Transform)>,
}

impl Pipelines {
    /// The node of a list of transformations, and all nodes on the way to it.
    pub fn add(&mut self, transforms: &[Transform]) -> Vec<Node> {
        let mut way = vec![0];
        for transform in transforms {
            let before = way.last().copied().unwrap_or(0);
            let known = self.steps.iter().position(|step| *step == (before, *transform));
            let at = known.unwrap_or_else(|| {
                self.steps.push((before, *transform));
                self.steps.len() - 1
            });
            way.push(u16::try_from(at + 1).unwrap_or(0));
        }
        way
    }

    pub fn len(&self) -> usize {
        self.steps.len() + 1
    }

    pub fn step(&self, node: Node) -> Option<(Node, Transform)> {
        self.steps.get(usize::from(node).checked_sub(1)?).copied()
    }

    /// The signs that some step on the way to a node reacts to.
    pub fn signs(&self, node: Node) -> Signs {
        let mut all = Signs::default();
        let mut at = node;
        while let Some((before, transform)) = self.step(at) {
            all = all.and(transform.signs());
            at = before;
        }
        all
    }

    /// What a text becomes, without a cache.
    pub fn run(&self, node: Node, text: &[u8]) -> Vec<u8> {
        match self.step(node) {
            None => text.to_vec(),
            Some((before, transform)) => {
                let mut out = Vec::new();
                transform.apply(&self.run(before, text), &mut out);
                out
            }
        }
    }
}
