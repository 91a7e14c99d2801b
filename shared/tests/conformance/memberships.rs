//! Memberships: the rule of four rooms, events that must not be lost, and marks.

mod changes;
mod four_rooms;
mod lists;
mod marks;
mod pending;
