//! Alert → Decision → reconcile → proof.

pub mod budget;
pub mod decide;
pub mod enforcer;
pub mod ground;
pub mod order;
pub mod policy;
pub mod proof;
pub mod reconcile;
pub mod span;
pub mod web_deny;

pub use decide::{Respond, World};
pub use enforcer::Enforcer;
pub use ground::Ground;
pub use policy::{Mode, Policy};
pub use proof::Proof;
pub use reconcile::Reconciler;
pub use web_deny::WebDeny;
