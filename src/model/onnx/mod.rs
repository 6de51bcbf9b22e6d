//! A model's file: the network as an ONNX graph, and metadata of whoever wrote it.

mod graph;
mod messages;
mod weight_format;

use std::collections::BTreeMap;

use prost::Message;

pub use graph::Rows;
pub use weight_format::WeightFormat;

use super::{Architecture, Network, TensorSpec};
use messages::{ModelProto, OperatorSetIdProto, StringStringEntryProto, TensorProto};

/// The operators' version: old enough for any runtime since 2022.
const OPSET: i64 = 17;
/// The file format's version that goes with it.
const IR_VERSION: i64 = 8;
const PRODUCER: &str = "antiphon";

/// Why bytes are not a model of antiphon's.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum OnnxError {
    /// It cannot be decoded.
    #[error("it is not an ONNX file, or it is cut short")]
    NotOnnx,
    /// Another program is its producer.
    #[error("it is an ONNX file, but antiphon did not write it")]
    NotOurs,
    /// It would make whoever reads it open other files.
    #[error("its weights \"{0}\" lie outside the file, where antiphon never puts any")]
    ExternalData(String),
    /// An array of weights is not as the hyperparameters say.
    #[error(
        "its weights \"{name}\" are missing or not of the shape {shape:?} that its hyperparameters ask for"
    )]
    Weights {
        /// What the array is called.
        name: String,
        /// The shape it should have.
        shape: Vec<usize>,
    },
    /// Its operators are not those of the architecture.
    #[error("its graph was changed after antiphon wrote it")]
    GraphChanged,
}

/// An ONNX file, decoded but not yet a network.
pub struct OnnxFile {
    model: ModelProto,
}

/// The bytes of an ONNX file that holds `network`, with weights as `format` keeps them, and
/// `metadata`.
pub fn encode(
    network: &Network,
    format: WeightFormat,
    metadata: &BTreeMap<String, String>,
) -> Vec<u8> {
    encode_for(network, Rows::OfFile, format, metadata)
}

/// The bytes of an ONNX file that runs `network` on these `rows`: not to be kept, as only
/// [`Rows::OfFile`] is read again.
pub fn encode_to_run(network: &Network, rows: Rows) -> Vec<u8> {
    encode_for(network, rows, WeightFormat::Single, &BTreeMap::new())
}

fn encode_for(
    network: &Network,
    rows: Rows,
    format: WeightFormat,
    metadata: &BTreeMap<String, String>,
) -> Vec<u8> {
    let mut graph = graph::graph(network.architecture(), rows, format);
    for spec in network.architecture().tensors() {
        let weights = &network.weights[spec.range.clone()];
        let tensor = weights_to_tensor(&spec, format, weights);
        graph.initializer.push(tensor);
    }
    let entry = |(key, value): (&String, &String)| StringStringEntryProto {
        key: key.clone(),
        value: value.clone(),
    };
    ModelProto {
        ir_version: IR_VERSION,
        producer_name: PRODUCER.to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: format!(
            "An LSTM that continues sound: frames [T,R,D], {}h, c [L,R,H] -> prediction, h_out, c_out",
            match network.architecture().conditions {
                0 => "",
                _ => "conditions [T,R,C], ",
            }
        ),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: OPSET,
        }],
        metadata_props: metadata.iter().map(entry).collect(),
    }
    .encode_to_vec()
}

impl OnnxFile {
    /// Decodes a file's bytes.
    ///
    /// # Errors
    /// [`OnnxError::NotOnnx`] if they are no ONNX file or cut short,
    /// [`OnnxError::NotOurs`] if another program wrote it.
    pub fn decode(bytes: &[u8]) -> Result<OnnxFile, OnnxError> {
        let model = ModelProto::decode(bytes).map_err(|_| OnnxError::NotOnnx)?;
        if model.graph.is_none() || model.opset_import.is_empty() {
            return Err(OnnxError::NotOnnx);
        }
        if model.producer_name != PRODUCER {
            return Err(OnnxError::NotOurs);
        }
        Ok(OnnxFile { model })
    }

    /// The value that the metadata give `key`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let entry = self.model.metadata_props.iter().find(|e| e.key == key)?;
        Some(&entry.value)
    }

    /// The network, whose sizes the metadata told the caller.
    ///
    /// # Errors
    /// If the graph is not the one antiphon writes for `architecture`, or
    /// weights are missing, misshapen or outside the file.
    pub fn into_network(self, architecture: Architecture) -> Result<Network, OnnxError> {
        let graph = self.model.graph.ok_or(OnnxError::NotOnnx)?;
        let Some(format) = WeightFormat::ALL
            .into_iter()
            .find(|format| graph.node == graph::graph(&architecture, Rows::OfFile, *format).node)
        else {
            return Err(OnnxError::GraphChanged);
        };
        let mut weights = Vec::new();
        for spec in architecture.tensors() {
            let name = format.name_in_file(&spec.name);
            let tensor = graph.initializer.iter().find(|t| t.name == name);
            match tensor {
                Some(tensor) if !tensor.external_data.is_empty() => {
                    return Err(OnnxError::ExternalData(spec.name));
                }
                Some(tensor) if read_weights(tensor, &spec, format, &mut weights) => {}
                _ => {
                    return Err(OnnxError::Weights {
                        name: spec.name,
                        shape: spec.shape,
                    });
                }
            }
        }
        Network::from_weights(architecture, weights).ok_or(OnnxError::NotOnnx)
    }
}

/// ONNX's LSTM has a leading dimension for directions, and two biases, of
/// which antiphon uses the first.
fn onnx_shape(spec: &TensorSpec) -> Vec<i64> {
    let shape = spec.shape.iter().map(|n| *n as i64);
    match spec.name.starts_with("lstm.") {
        true if spec.shape.len() == 1 => vec![1, 2 * spec.shape[0] as i64],
        true => std::iter::once(1).chain(shape).collect(),
        false => shape.collect(),
    }
}

fn weights_to_tensor(spec: &TensorSpec, format: WeightFormat, weights: &[f32]) -> TensorProto {
    let dims = onnx_shape(spec);
    let values = dims.iter().product::<i64>() as usize;
    let mut raw_data = format.to_bytes(weights);
    raw_data.resize(format.bytes() * values, 0);
    TensorProto {
        dims,
        data_type: format.data_type(),
        name: format.name_in_file(&spec.name),
        raw_data,
        ..TensorProto::default()
    }
}

/// Appends a tensor's weights; `false` if it is not as `spec` says.
fn read_weights(
    tensor: &TensorProto,
    spec: &TensorSpec,
    format: WeightFormat,
    weights: &mut Vec<f32>,
) -> bool {
    let dims = onnx_shape(spec);
    let values = dims.iter().product::<i64>() as usize;
    if tensor.dims != dims
        || tensor.data_type != format.data_type()
        || tensor.raw_data.len() != format.bytes() * values
    {
        return false;
    }
    let (own, second_bias) = tensor.raw_data.split_at(format.bytes() * spec.range.len());
    format.read(own, weights);
    second_bias.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Head, Output};
    use crate::random::stream;

    const DENSE: Head = Head::Dense {
        outputs: 3,
        skip: false,
    };

    fn network(layers: usize, head: Head, output: Output) -> Network {
        let architecture = Architecture {
            inputs: 6,
            conditions: 0,
            units: 6,
            layers,
            residual: layers > 1,
            head,
            output,
        };
        Network::init(architecture, 0.1, &mut stream(1, "weights"))
    }

    fn file(network: &Network) -> Vec<u8> {
        let metadata = BTreeMap::from([("antiphon.note".to_owned(), "hello".to_owned())]);
        encode(network, WeightFormat::Single, &metadata)
    }

    #[test]
    fn a_network_survives_its_file() {
        for (head, output) in [
            (DENSE, Output::Value),
            (DENSE, Output::Mixture { components: 2 }),
            (DENSE, Output::Bands { components: 2 }),
            (
                Head::Transpose {
                    rows: 4,
                    outputs: 3,
                },
                Output::Bands { components: 2 },
            ),
            (
                Head::Transpose {
                    rows: 4,
                    outputs: 1,
                },
                Output::Levels { levels: 16 },
            ),
            (
                Head::Transpose {
                    rows: 4,
                    outputs: 1,
                },
                Output::Value,
            ),
        ] {
            for layers in [1, 3] {
                let network = network(layers, head, output);
                let file = OnnxFile::decode(&file(&network)).unwrap();
                assert_eq!(file.metadata("antiphon.note"), Some("hello"));
                assert_eq!(
                    file.into_network(network.architecture().clone()).unwrap(),
                    network
                );
            }
        }
    }

    #[test]
    fn half_the_bytes_keep_a_network_to_three_digits() {
        let network = network(3, DENSE, Output::Mixture { components: 2 });
        let whole = file(&network);
        let bytes = encode(&network, WeightFormat::Half, &BTreeMap::new());
        assert!(bytes.len() < whole.len());
        let read = OnnxFile::decode(&bytes).unwrap();
        let read = read.into_network(network.architecture().clone()).unwrap();
        for (half, whole) in read.weights.iter().zip(&network.weights) {
            assert!(
                (half - whole).abs() <= whole.abs() / 2048.0 + 1e-7,
                "{half}, {whole}"
            );
        }
        // What was rounded once is not rounded further.
        let again = encode(&read, WeightFormat::Half, &BTreeMap::new());
        assert_eq!(again, bytes);
    }

    #[test]
    fn what_is_made_to_be_run_is_no_model_file_where_rows_make_a_matrix() {
        let read = |head, rows| {
            let network = network(1, head, Output::Value);
            let file = OnnxFile::decode(&encode_to_run(&network, rows)).unwrap();
            file.into_network(network.architecture().clone())
        };
        assert!(read(DENSE, Rows::OfMatrices).is_ok());
        for rows in [Rows::OfMatrices, Rows::Last { delay: 3 }] {
            let refused = read(
                Head::Transpose {
                    rows: 4,
                    outputs: 1,
                },
                rows,
            );
            assert_eq!(refused, Err(OnnxError::GraphChanged), "{rows:?}");
        }
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let network = network(1, DENSE, Output::Value);
        let bytes = file(&network);
        let refusal = |bytes: &[u8]| OnnxFile::decode(bytes).err();
        assert_eq!(refusal(b""), Some(OnnxError::NotOnnx));
        assert_eq!(refusal(b"RIFF1234WAVEfmt "), Some(OnnxError::NotOnnx));
        assert_eq!(refusal(&bytes[..bytes.len() / 2]), Some(OnnxError::NotOnnx));

        let mut other = ModelProto::decode(&bytes[..]).unwrap();
        other.producer_name = "pytorch".to_owned();
        assert_eq!(refusal(&other.encode_to_vec()), Some(OnnxError::NotOurs));
    }

    #[test]
    fn a_changed_graph_or_misshapen_weights_are_refused() {
        let network = network(1, DENSE, Output::Value);
        let refusal = |change: fn(&mut messages::GraphProto)| {
            let mut model = ModelProto::decode(&file(&network)[..]).unwrap();
            change(model.graph.as_mut().unwrap());
            let file = OnnxFile::decode(&model.encode_to_vec()).unwrap();
            file.into_network(network.architecture().clone())
                .unwrap_err()
        };
        assert_eq!(
            refusal(|g| g.node[0].op_type = "GRU".to_owned()),
            OnnxError::GraphChanged
        );
        let weights = |e| matches!(e, OnnxError::Weights { .. });
        assert!(weights(refusal(|g| g
            .initializer
            .retain(|t| t.name != "head.bias"))));
        assert!(weights(refusal(|g| g.initializer[1].dims[1] = 7)));
        assert!(weights(refusal(|g| g.initializer[1].raw_data.truncate(8))));
        let external = refusal(|g| {
            g.initializer[1]
                .external_data
                .push(StringStringEntryProto::default())
        });
        assert_eq!(external, OnnxError::ExternalData("lstm.0.input".to_owned()));
    }
}
