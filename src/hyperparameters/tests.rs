//! What files say, and what they may not say.

use super::*;

fn refusal(json: &str) -> String {
    Hyperparameters::parse(json).unwrap_err().to_string()
}

#[test]
fn presets_have_the_dissertations_format_relations() {
    let vector = Hyperparameters::preset(Approach::Vector);
    assert_eq!(vector.format.int_cursor_inc, 1024);
    assert_eq!(vector.format.ext_cursor_inc, 1024);
    assert_eq!(vector.format.label_offset, 1024);
    assert_eq!(vector.format.label_shape, [100, 1024]);

    let column = Hyperparameters::preset(Approach::ColumnVector);
    assert_eq!(column.format.ext_cursor_inc, 1);
    assert_eq!(column.format.label_offset, column.format.seg_len);
    assert_eq!(column.format.label_shape, [column.format.num_unrollings, 1]);

    let transpose = Hyperparameters::preset(Approach::Transpose);
    assert_eq!(transpose.format.label_shape, [1, 1]);
    assert_eq!(transpose.format.label_offset, 99 * 1024 + 1024);

    let spectrum = Hyperparameters::preset(Approach::MagnitudeSpectrum);
    assert_eq!(spectrum.format.seg_len, spectrum.format.window_size);
    assert_eq!(spectrum.format.ext_cursor_inc, 1);
}

#[test]
fn every_preset_survives_its_own_file_and_goes_by_its_name() {
    for preset in Preset::ALL {
        let settings = Hyperparameters::preset(preset);
        assert_eq!(settings.approach(), preset.approach());
        let read = Hyperparameters::parse(&settings.to_json()).unwrap();
        assert_eq!(read, settings);
        let named = Hyperparameters::parse(&format!(r#"{{"preset": "{preset}"}}"#)).unwrap();
        assert_eq!(named, settings);
    }
}

#[test]
fn formats_follow_the_values_that_a_file_gives() {
    let read = Hyperparameters::parse(r#"{"preset": "vector", "seg_len": 256}"#).unwrap();
    assert_eq!(read.format.int_cursor_inc, 256);
    assert_eq!(read.format.label_shape, [100, 256]);
    assert_eq!(read.network.hidden_size, 256);

    let read = Hyperparameters::parse(r#"{"preset": "magnitude-spectrum", "window_size": 128}"#);
    assert_eq!(read.unwrap().format.hop_size, 64);
    let read =
        Hyperparameters::parse(r#"{"preset": "magnitude-spectrum-cpu", "window_size": 128}"#);
    assert_eq!(read.unwrap().format.hop_size, 64);

    // What a preset fixes stays as it is.
    let read = Hyperparameters::parse(r#"{"preset": "vector-cpu", "seg_len": 128}"#).unwrap();
    let preset = Hyperparameters::preset(Preset::Cpu(Approach::Vector));
    assert_eq!(read.format.int_cursor_inc, preset.format.int_cursor_inc);
    assert_eq!(read.format.label_offset, 128);

    let read = Hyperparameters::parse(
        r#"{"use_transpose": true, "seg_len": 8, "num_unrollings": 3, "int_cursor_inc": 2}"#,
    )
    .unwrap();
    assert_eq!(read.approach(), Approach::Transpose);
    assert_eq!(read.format.label_offset, 2 * 2 + 8);
}

#[test]
fn the_cosine_falls_to_a_tenth() {
    assert_eq!(LrSchedule::Cosine.factor(0.0), 1.0);
    assert!((LrSchedule::Cosine.factor(0.5) - 0.55).abs() < 1e-12);
    assert!((LrSchedule::Cosine.factor(1.0) - 0.1).abs() < 1e-12);
    assert_eq!(LrSchedule::Constant.factor(0.7), 1.0);
    let read = Hyperparameters::parse(r#"{"lr_schedule": "cosine"}"#).unwrap();
    assert_eq!(read.training.lr_schedule, LrSchedule::Cosine);
    assert!(refusal(r#"{"lr_schedule": "sine"}"#).contains("`constant` or `cosine`"));
}

#[test]
fn a_refusal_names_the_key_the_value_and_what_is_allowed() {
    assert_eq!(
        refusal(r#"{"seg_lenn": 256}"#),
        "unknown hyperparameter \"seg_lenn\"; did you mean \"seg_len\"?"
    );
    assert_eq!(
        refusal(r#"{"lr": -1}"#),
        "hyperparameter \"lr\" is -1; allowed: above 0, at most 1"
    );
    assert_eq!(
        refusal(r#"{"num_layers": 0}"#),
        "hyperparameter \"num_layers\" is 0; allowed: 1 to 64"
    );
    assert!(refusal(r#"{"lr": "fast"}"#).starts_with("hyperparameter \"lr\": invalid type"));
    let preset = refusal(r#"{"preset": "waves"}"#);
    assert!(
        preset.contains("vector, column-vector, transpose"),
        "{preset}"
    );
    assert!(preset.contains("magnitude-spectrum-cpu"), "{preset}");
    assert!(refusal(r#"{"label_shape": [100, 7]}"#).contains("[100, 1024] or [100, 1]"));
    assert!(refusal(r#"{"output_shape": [100, 1]}"#).contains("label_shape"));
    assert!(refusal(r#"{"use_fft": true, "seg_len": 100}"#).contains("1024, the bins"));
    let far = refusal(r#"{"int_cursor_inc": 20000000000}"#);
    assert!(
        far.contains("\"int_cursor_inc\" is 20000000000") && far.contains("an hour"),
        "{far}"
    );
    assert!(refusal(r#"{"label_offset": 90000000}"#).contains("\"label_offset\""));
    assert!(refusal(r#"{"dream_length": 0}"#).contains("\"dream_length\" is 0"));
    assert!(refusal(r#"{"label_shape": [100, 0]}"#).contains("label_shape"));
    assert!(refusal(r#"{"seed_mode": "again"}"#).contains("`same`, `random`, `advance`"));
    assert!(refusal("[1]").contains("not a JSON object"));
    assert!(refusal("{").contains("not JSON"));
    assert!(refusal(r#"{"use_fft": true, "use_transpose": true}"#).contains("use_transpose"));
}

#[test]
fn in_bands_a_step_is_one_sample_of_each() {
    let json = r#"{"preset": "column-vector", "bands": 8, "seg_len": 256, "num_unrollings": 4}"#;
    let read = Hyperparameters::parse(json).unwrap();
    assert_eq!(read.approach(), Approach::ColumnVector);
    assert_eq!(read.format.label_shape, [4, 8]);
    assert_eq!(read.format.label_offset, 32);
    assert_eq!(read.samples_per_prediction(), 8);
    assert_eq!(read.format.samples_per_element(), 8);
    assert_eq!(read.format.elements(), "steps");
    assert_eq!(Hyperparameters::parse(&read.to_json()).unwrap(), read);
    let without_preset = r#"{"bands": 4, "label_shape": [10, 4]}"#;
    let read = Hyperparameters::parse(without_preset).unwrap();
    assert_eq!(read.approach(), Approach::ColumnVector);

    assert!(refusal(r#"{"preset": "column-vector", "bands": 3}"#).contains("allowed: 1, 4, 8"));
    let json = r#"{"preset": "transpose", "bands": 4, "seg_len": 16, "num_unrollings": 3}"#;
    let read = Hyperparameters::parse(json).unwrap();
    assert_eq!(read.approach(), Approach::Transpose);
    assert_eq!(read.format.label_shape, [1, 4]);
    assert_eq!(
        (read.format.int_cursor_inc, read.format.label_offset),
        (4, 12)
    );

    for approach in ["vector", "magnitude-spectrum"] {
        let said = refusal(&format!(r#"{{"preset": "{approach}", "bands": 4}}"#));
        assert!(said.contains("the column vector and transpose"), "{said}");
    }
    let uneven = refusal(r#"{"preset": "column-vector", "bands": 8, "seg_len": 100}"#);
    assert!(uneven.contains("a multiple of 8"), "{uneven}");
    let levels = refusal(r#"{"preset": "column-vector", "bands": 4, "output": "levels"}"#);
    assert!(levels.contains("value or mixture"), "{levels}");
}

#[test]
fn later_keys_are_left_out_where_they_say_nothing() {
    let text = Hyperparameters::preset(Approach::Vector).to_json();
    assert!(!text.contains("conditioning") && !text.contains("guidance"));
    assert!(!text.contains("bands"));
    let before: Hyperparameters = serde_json::from_str(&text).unwrap();
    assert_eq!(before, Hyperparameters::preset(Approach::Vector));

    let json = r#"{"preset": "vector", "conditioning": "chroma", "guidance": 2}"#;
    let read = Hyperparameters::parse(json).unwrap();
    assert_eq!(read.conditioning.conditioning, Conditioning::Chroma);
    let text = read.to_json();
    let end = "\"conditioning\": \"chroma\",\n  \"guidance\": 2.0\n}\n";
    assert!(text.ends_with(end), "{text}");
    assert_eq!(
        serde_json::from_str::<Hyperparameters>(&text).unwrap(),
        read
    );
    assert_eq!(Hyperparameters::parse(&text).unwrap(), read);
    assert!(refusal(r#"{"conditioning": "colour"}"#).contains("`none` or `chroma`"));
    assert!(refusal(r#"{"conditioning_withheld": 2}"#).contains("0 to 1"));
}

#[test]
fn a_rate_of_0_is_that_of_the_recordings_as_far_as_people_hear() {
    let open = Hyperparameters::parse(r#"{"sample_rate": 0}"#).unwrap();
    assert_eq!(open.values()["sample_rate"], 0);
    for (recordings, rate) in [
        (None, 44_100),
        (Some(22_050), 22_050),
        (Some(48_000), 48_000),
        (Some(88_200), 44_100),
        (Some(192_000), 48_000),
        (Some(10), 1000),
        (Some(0), 1000),
    ] {
        let followed = open.clone().at_the_rate_of_recordings(recordings);
        assert_eq!(followed.format.sample_rate, rate, "{recordings:?}");
        assert_eq!(followed.values()["sample_rate"], rate);
    }
    // One that a file says stays.
    let fixed = Hyperparameters::preset(Preset::Cpu(Approach::Vector));
    let followed = fixed.clone().at_the_rate_of_recordings(Some(48_000));
    assert_eq!(followed, fixed);
}
