//! What a network carries from one time step to the next.

use std::collections::VecDeque;
use std::ops::Range;

use super::architecture::Architecture;

/// An LSTM stack's state: outputs and cell states, `[L, R, H]` each.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The layers' outputs, layer by layer.
    pub h: Vec<f32>,
    /// The layers' cell states, layer by layer.
    pub c: Vec<f32>,
    /// Of a transpose head whose rows above the last one repeat what that one did: what
    /// it made of it, stream by stream, from the oldest that is still to be repeated on.
    pub line: VecDeque<f32>,
}

/// A layer's own part of a state: outputs and cell states, `[R, H]` each.
pub(super) struct LayerState<'a> {
    pub h: &'a mut [f32],
    pub c: &'a mut [f32],
}

impl State {
    /// All zeros, for `rows` rows.
    pub fn zero(architecture: &Architecture, rows: usize) -> State {
        let values = architecture.layers * rows * architecture.units;
        State {
            h: vec![0.0; values],
            c: vec![0.0; values],
            line: VecDeque::new(),
        }
    }

    /// The rows of several states of one network, one state after the other.
    pub fn joined(architecture: &Architecture, states: &[&State]) -> State {
        let rows = states.iter().map(|state| state.rows(architecture)).sum();
        let mut joined = State::zero(architecture, rows);
        let mut first = 0;
        for state in states {
            state.copy_to(architecture, (&mut joined.h, &mut joined.c), first);
            first += state.rows(architecture);
        }
        joined
    }

    /// Copies its rows among those of layers' outputs and cell states, `[L, _, H]` each, from
    /// row `first` on.
    pub fn copy_to(
        &self,
        architecture: &Architecture,
        (h, c): (&mut [f32], &mut [f32]),
        first: usize,
    ) {
        let rows = h.len() / (architecture.layers * architecture.units);
        for (own, place) in self.places_within(architecture, rows, first) {
            h[place.clone()].copy_from_slice(&self.h[own.clone()]);
            c[place].copy_from_slice(&self.c[own]);
        }
    }

    /// Takes its rows from layers' outputs and cell states, `[L, _, H]` each, from row `first`
    /// on.
    pub fn copy_from(
        &mut self,
        architecture: &Architecture,
        (h, c): (&[f32], &[f32]),
        first: usize,
    ) {
        let rows = h.len() / (architecture.layers * architecture.units);
        for (own, place) in self.places_within(architecture, rows, first) {
            self.h[own.clone()].copy_from_slice(&h[place.clone()]);
            self.c[own].copy_from_slice(&c[place]);
        }
    }

    /// Layer by layer: where its rows are, and where in a state of `rows` rows, of which
    /// they are those from row `first` on.
    fn places_within(
        &self,
        architecture: &Architecture,
        rows: usize,
        first: usize,
    ) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<> {
        let (units, own) = (
            architecture.units,
            self.rows(architecture) * architecture.units,
        );
        (0..architecture.layers).map(move |layer| {
            let place = (layer * rows + first) * units;
            (layer * own..(layer + 1) * own, place..place + own)
        })
    }

    /// Layer `layer`'s part, of `rows` rows.
    pub(super) fn layer(&mut self, architecture: &Architecture, layer: usize) -> LayerState<'_> {
        let values = self.rows(architecture) * architecture.units;
        let place = layer * values..(layer + 1) * values;
        LayerState {
            h: &mut self.h[place.clone()],
            c: &mut self.c[place],
        }
    }

    /// R: the rows it is for.
    pub fn rows(&self, architecture: &Architecture) -> usize {
        self.h.len() / (architecture.layers * architecture.units)
    }
}
