//! What the reconciler needs of whoever enforces.

use crate::act::Done;
use crate::act::packet_filter::{Element, Ensured, FilterError, PacketFilter};

/// Holds elements for a time; the packet filter is one, a recording list serves in tests.
pub trait Enforcer {
    type Error: std::error::Error;

    /// Makes or mends what is ours; says whether elements were lost.
    fn ensure(&mut self) -> Result<Ensured, Self::Error>;
    /// Adds; those already there get the new time.
    fn add(&mut self, elements: &[Element]) -> Result<Done, Self::Error>;
    /// Whether one stands.
    fn holds(&mut self, element: &Element) -> Result<bool, Self::Error>;
    /// Removes; those not there are none.
    fn remove(&mut self, elements: &[Element]) -> Result<Done, Self::Error>;
}

impl Enforcer for PacketFilter {
    type Error = FilterError;

    fn ensure(&mut self) -> Result<Ensured, FilterError> {
        self.ensure()
    }

    fn add(&mut self, elements: &[Element]) -> Result<Done, FilterError> {
        self.add(elements)
    }

    fn holds(&mut self, element: &Element) -> Result<bool, FilterError> {
        Ok(self.get(element)?.is_some())
    }

    fn remove(&mut self, elements: &[Element]) -> Result<Done, FilterError> {
        self.remove(elements)
    }
}
