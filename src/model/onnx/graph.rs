//! A network as an ONNX graph of standard operators:
//! `frames [T, R, D]`, `h`, `c` `[L, R, H]` → `prediction`, `h_out`, `c_out`.
//! One that is conditioned has a further input, `conditions [T, R, C]`.
//!
//! A transpose head's file takes the rows of one matrix. Graphs that are made to be run
//! and not kept take those of several ([`Rows`]), and give `prediction [N, W]`.

use super::WeightFormat;
use super::messages::{
    AttributeProto, Dimension, DimensionProto, GraphProto, NodeProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use crate::model::{Architecture, Head};

/// Which rows a graph takes at each time step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// As a model's file has it: any, but those of one matrix with a transpose head.
    OfFile,
    /// Those of any number of matrices: `prediction [T · S, W]` of a transpose head.
    OfMatrices,
    /// The last ones of S matrices with a transpose head, whose rows above repeat the one
    /// below after `delay` time steps each, at least one: `prediction [S, W]` is that of
    /// the last time step. What the head made of the rows before is a further input,
    /// `line [(R - 1) · delay, S, 1]`, and output, `line_out`.
    Last { delay: usize },
}

/// The graph without its weights, which are kept as `format` has them.
pub fn graph(architecture: &Architecture, rows: Rows, format: WeightFormat) -> GraphProto {
    let mut graph = GraphProto {
        name: "antiphon".to_owned(),
        input: inputs(architecture, rows),
        output: outputs(architecture, rows),
        ..GraphProto::default()
    };
    if format == WeightFormat::Half {
        push_casts(&mut graph, architecture, format);
    }
    let states = States::new(architecture.layers);
    states.push_split(&mut graph);
    if architecture.conditions > 0 {
        let (parts, last) = (["frames", "conditions"], [int("axis", -1)]);
        push(&mut graph, "Concat", &parts, rows_name(architecture), &last);
    }
    let top = push_layers(&mut graph, architecture, &states);
    states.push_concat(&mut graph);
    match architecture.head {
        Head::Dense { skip, .. } => push_dense_head(&mut graph, architecture, skip, &top),
        Head::Transpose { rows: of_one, .. } => push_transpose_head(&mut graph, of_one, rows, &top),
    }
    push_output(&mut graph, architecture);
    graph
}

/// Makes single precision of weights that are kept otherwise.
fn push_casts(graph: &mut GraphProto, architecture: &Architecture, format: WeightFormat) {
    let single = [int("to", i64::from(TensorProto::FLOAT))];
    for spec in architecture.tensors() {
        let kept = format.name_in_file(&spec.name);
        push(graph, "Cast", &[&kept], &spec.name, &single);
    }
}

fn inputs(architecture: &Architecture, rows: Rows) -> Vec<ValueInfoProto> {
    let of_rows = |width| [param("T"), rows_of(architecture, rows), size(width)];
    let mut inputs = vec![
        value_info("frames", &of_rows(architecture.inputs)),
        state(architecture, rows, "h"),
        state(architecture, rows, "c"),
    ];
    if architecture.conditions > 0 {
        inputs.push(value_info("conditions", &of_rows(architecture.conditions)));
    }
    inputs.extend(line(architecture, rows, "line"));
    inputs
}

/// What the rows that the layers see are called.
fn rows_name(architecture: &Architecture) -> &'static str {
    match architecture.conditions {
        0 => "frames",
        _ => "frames_and_conditions",
    }
}

fn outputs(architecture: &Architecture, rows: Rows) -> Vec<ValueInfoProto> {
    let width = size(architecture.width());
    let prediction = match (architecture.head, rows) {
        (Head::Dense { .. }, _) => vec![param("T"), param("R"), width],
        (Head::Transpose { .. }, Rows::OfFile) => vec![param("T"), size(1), width],
        (Head::Transpose { .. }, _) => vec![param("N"), width],
    };
    let mut outputs = vec![
        value_info("prediction", &prediction),
        state(architecture, rows, "h_out"),
        state(architecture, rows, "c_out"),
    ];
    outputs.extend(line(architecture, rows, "line_out"));
    outputs
}

/// The outputs or the cell states of all layers.
fn state(architecture: &Architecture, rows: Rows, name: &str) -> ValueInfoProto {
    let (layers, units) = (size(architecture.layers), size(architecture.units));
    value_info(name, &[layers, rows_of(architecture, rows), units])
}

/// What a transpose head made of last rows, if that is handed on.
fn line(architecture: &Architecture, rows: Rows, name: &str) -> Option<ValueInfoProto> {
    match (architecture.head, rows) {
        (Head::Transpose { rows, .. }, Rows::Last { delay }) => {
            let length = size((rows - 1) * delay);
            Some(value_info(name, &[length, param("R"), size(1)]))
        }
        _ => None,
    }
}

/// What the layers' states are called: the graph has those of all layers in one.
struct States {
    h: Vec<String>,
    c: Vec<String>,
    h_out: Vec<String>,
    c_out: Vec<String>,
}

impl States {
    fn new(layers: usize) -> States {
        let each = |name: &str| match layers {
            1 => vec![name.to_owned()],
            _ => (0..layers).map(|layer| format!("{name}.{layer}")).collect(),
        };
        States {
            h: each("h"),
            c: each("c"),
            h_out: each("h_out"),
            c_out: each("c_out"),
        }
    }

    /// One layer's state is that of all layers already.
    fn are_parts(&self) -> bool {
        self.h.len() > 1
    }

    fn push_split(&self, graph: &mut GraphProto) {
        if !self.are_parts() {
            return;
        }
        let one_each = vec![1; self.h.len()];
        let one_each = int64_tensor("one_layer_each", &one_each);
        graph.initializer.push(one_each);
        for (whole, parts) in [("h", &self.h), ("c", &self.c)] {
            let inputs = [whole, "one_layer_each"];
            let split = node("Split", &inputs, &as_strs(parts), &[int("axis", 0)]);
            graph.node.push(split);
        }
    }

    fn push_concat(&self, graph: &mut GraphProto) {
        if !self.are_parts() {
            return;
        }
        for (parts, whole) in [(&self.h_out, "h_out"), (&self.c_out, "c_out")] {
            let concat = node("Concat", &as_strs(parts), &[whole], &[int("axis", 0)]);
            graph.node.push(concat);
        }
    }
}

/// Adds the layers; the name of what the highest one hands upwards.
fn push_layers(graph: &mut GraphProto, architecture: &Architecture, states: &States) -> String {
    let directions = int64_tensor("directions_axis", &[1]);
    graph.initializer.push(directions);
    let mut below = rows_name(architecture).to_owned();
    for layer in 0..architecture.layers {
        let name = |what: &str| format!("lstm.{layer}.{what}");
        let (y, outputs) = (name("y"), name("outputs"));
        let (h, c) = (&states.h[layer], &states.c[layer]);
        let (input, recurrent, bias) = (name("input"), name("recurrent"), name("bias"));
        graph.node.push(node(
            "LSTM",
            &[&below, &input, &recurrent, &bias, "", h, c],
            &[&y, &states.h_out[layer], &states.c_out[layer]],
            &[int("hidden_size", architecture.units as i64)],
        ));
        push(graph, "Squeeze", &[&y, "directions_axis"], &outputs, &[]);
        below = if architecture.is_residual(layer) {
            let sum = name("residual");
            push(graph, "Add", &[&outputs, &below], &sum, &[]);
            sum
        } else {
            outputs
        };
    }
    below
}

/// Adds a dense head, up to the sums of its products and its bias.
fn push_dense_head(graph: &mut GraphProto, architecture: &Architecture, skip: bool, outputs: &str) {
    let mut seen = outputs;
    if skip || architecture.conditions > 0 {
        let beside = match skip {
            true => rows_name(architecture),
            false => "conditions",
        };
        let (both, last) = ([outputs, beside], [int("axis", -1)]);
        push(graph, "Concat", &both, "head.inputs", &last);
        seen = "head.inputs";
    }
    push(graph, "MatMul", &[seen, "head.weight"], "head.product", &[]);
    push(
        graph,
        "Add",
        &["head.product", "head.bias"],
        "head.sum",
        &[],
    );
}

/// The same of a transpose head for `of_one` rows of a matrix.
fn push_transpose_head(graph: &mut GraphProto, of_one: usize, rows: Rows, outputs: &str) {
    let (by_unit, column) = (["head.unit_product", "head.unit_bias"], "head.column");
    push(
        graph,
        "MatMul",
        &[outputs, "head.unit_weight"],
        by_unit[0],
        &[],
    );
    push(graph, "Add", &by_unit, column, &[]);
    match rows {
        Rows::OfFile => {
            let transposed = [ints("perm", &[0, 2, 1])];
            push(graph, "Transpose", &[column], "head.row", &transposed);
        }
        Rows::OfMatrices => {
            let matrices = int64_tensor("matrices", &[-1, of_one as i64]);
            graph.initializer.push(matrices);
            push(graph, "Reshape", &[column, "matrices"], "head.row", &[]);
        }
        Rows::Last { delay } => push_repeated_rows(graph, of_one, delay),
    }
    let by_row = ["head.product", "head.row_bias"];
    push(
        graph,
        "MatMul",
        &["head.row", "head.row_weight"],
        by_row[0],
        &[],
    );
    push(graph, "Add", &by_row, "head.sum", &[]);
}

/// Adds what picks the newest matrices' rows, `[S, R]`, of the last rows' line, which
/// grows at its end.
fn push_repeated_rows(graph: &mut GraphProto, of_one: usize, delay: usize) {
    let longest = ((of_one - 1) * delay) as i64;
    let ages = (0..of_one).map(|row| ((of_one - 1 - row) * delay) as i64);
    let places: Vec<i64> = ages.map(|age| -1 - age).collect();
    for (name, values) in [
        ("rows_places", &places[..]),
        ("line_start", &[-longest]),
        ("line_end", &[i64::MAX]),
        ("units_axis", &[2]),
    ] {
        graph.initializer.push(int64_tensor(name, values));
    }
    let first = [int("axis", 0)];
    push(
        graph,
        "Concat",
        &["line", "head.column"],
        "line.longer",
        &first,
    );
    let newest = ["line.longer", "line_start", "line_end"];
    push(graph, "Slice", &newest, "line_out", &[]);
    let picked = ["line.longer", "rows_places"];
    push(graph, "Gather", &picked, "head.rows", &first);
    push(
        graph,
        "Squeeze",
        &["head.rows", "units_axis"],
        "head.by_row",
        &[],
    );
    let transposed = [ints("perm", &[1, 0])];
    push(
        graph,
        "Transpose",
        &["head.by_row"],
        "head.row",
        &transposed,
    );
}

/// Adds what makes predictions of the head's sums: some or all go through a tanh.
fn push_output(graph: &mut GraphProto, architecture: &Architecture) {
    let squashed = architecture.output.squashed(architecture.outputs());
    let parameters = architecture.width() - squashed;
    if parameters == 0 {
        return push(graph, "Tanh", &["head.sum"], "prediction", &[]);
    }
    if squashed == 0 {
        return push(graph, "Identity", &["head.sum"], "prediction", &[]);
    }
    let last = [int("axis", -1)];
    let sizes = [squashed as i64, parameters as i64];
    let sizes = int64_tensor("values_and_parameters", &sizes);
    graph.initializer.push(sizes);
    let parts = ["head.values", "head.parameters"];
    let split = node(
        "Split",
        &["head.sum", "values_and_parameters"],
        &parts,
        &last,
    );
    graph.node.push(split);
    push(graph, "Tanh", &["head.values"], "head.squashed", &[]);
    let parts = ["head.squashed", "head.parameters"];
    push(graph, "Concat", &parts, "prediction", &last);
}

/// Adds an operator with one output.
fn push(
    graph: &mut GraphProto,
    op_type: &str,
    inputs: &[&str],
    output: &str,
    attributes: &[AttributeProto],
) {
    graph
        .node
        .push(node(op_type, inputs, &[output], attributes));
}

/// A transpose head's file is made for one number of rows; otherwise any number does.
fn rows_of(architecture: &Architecture, rows: Rows) -> Dimension {
    match (architecture.head, rows) {
        (Head::Transpose { rows: of_one, .. }, Rows::OfFile) => size(of_one),
        _ => param("R"),
    }
}

fn node(
    op_type: &str,
    inputs: &[&str],
    outputs: &[&str],
    attributes: &[AttributeProto],
) -> NodeProto {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    NodeProto {
        input: owned(inputs),
        output: owned(outputs),
        name: format!("{op_type}:{}", outputs[0]),
        op_type: op_type.to_owned(),
        attribute: attributes.to_vec(),
    }
}

fn as_strs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        i,
        r#type: AttributeProto::INT,
        ..AttributeProto::default()
    }
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        ints: ints.to_vec(),
        r#type: AttributeProto::INTS,
        ..AttributeProto::default()
    }
}

fn int64_tensor(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        dims: vec![values.len() as i64],
        data_type: TensorProto::INT64,
        name: name.to_owned(),
        raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ..TensorProto::default()
    }
}

fn size(n: usize) -> Dimension {
    Dimension::Value(n as i64)
}

fn param(name: &str) -> Dimension {
    Dimension::Param(name.to_owned())
}

fn value_info(name: &str, shape: &[Dimension]) -> ValueInfoProto {
    let dim = |dimension: &Dimension| DimensionProto {
        dimension: Some(dimension.clone()),
    };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type: TensorProto::FLOAT,
                shape: Some(TensorShapeProto {
                    dim: shape.iter().map(dim).collect(),
                }),
            }),
        }),
    }
}
