//! The four approaches to sampling.

/// The dissertation's four approaches to sampling (section 3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approach {
    /// One vector of `seg_len` samples is predicted for each input vector.
    Vector,
    /// One sample is predicted for each input vector.
    ColumnVector,
    /// One sample is predicted for the whole input matrix.
    Transpose,
    /// One magnitude spectrum frame is predicted for each input frame.
    MagnitudeSpectrum,
}

impl Approach {
    /// All approaches, in the dissertation's order.
    pub const ALL: [Approach; 4] = [
        Approach::Vector,
        Approach::ColumnVector,
        Approach::Transpose,
        Approach::MagnitudeSpectrum,
    ];

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Approach::Vector => "vector",
            Approach::ColumnVector => "column-vector",
            Approach::Transpose => "transpose",
            Approach::MagnitudeSpectrum => "magnitude-spectrum",
        }
    }
}

impl std::str::FromStr for Approach {
    type Err = String;

    fn from_str(name: &str) -> Result<Approach, String> {
        let found = Approach::ALL.into_iter().find(|a| a.name() == name);
        found.ok_or_else(|| {
            format!(
                "choose one of {}",
                Approach::ALL.map(Approach::name).join(", ")
            )
        })
    }
}

impl std::fmt::Display for Approach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
