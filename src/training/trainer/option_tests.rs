//! Every option of the loop: it does something, resumes to the same bits from any step, and threads change no bit.

use super::tests::{go_on, weights};
use super::*;
use crate::config::{ModelConfig, Norm, Pooling};
use crate::models::Probe;
use crate::models::samples::encoders;
use crate::nn::Gradients;
use crate::training::planted::{SEQ_LEN, World, config, network, shape};
use crate::training::{read_checkpoint, write_checkpoint};

const EPOCHS: usize = 3;

/// A way to train: its name, what it changes of the configuration, and whether windows are weighed.
type Way = (&'static str, fn(&mut TrainerConfig), bool);

const WAYS: [Way; 8] = [
    ("plain", |_| (), false),
    ("restarts", |c| c.train.restarts = 2, false),
    ("growing cosines", |c| (c.train.restarts, c.train.restart_growth) = (1, 2.0), false),
    ("class weights", |c| c.train.class_weights = true, false),
    ("focal loss", |c| c.train.focal_gamma = 2.0, false),
    ("input noise", |c| c.input_noise = 0.1, false),
    ("sample weights", |_| (), true),
    (
        "all together",
        |c| {
            (c.train.restarts, c.train.restart_growth) = (1, 1.5);
            c.train.class_weights = true;
            c.train.focal_gamma = 1.5;
            c.input_noise = 0.05;
        },
        true,
    ),
];

fn trainer<'a>(world: &'a World, way: &Way) -> Trainer<'a> {
    shaped(world, way, &shape(Norm::Pre, Pooling::Mean))
}

fn shaped<'a>(world: &'a World, (_, change, weighed): &Way, shape: &ModelConfig) -> Trainer<'a> {
    let mut config = config(EPOCHS);
    change(&mut config);
    let set =
        TrainingSet { weights: weighed.then_some(&world.weights), volatility: Some(&world.volatility), ..world.set() };
    Trainer::new(network(shape), config, set).unwrap()
}

/// Trains to the end, writing a checkpoint before every step if asked to; the lines and the weights.
fn train(trainer: &mut Trainer<'_>, folder: Option<&std::path::Path>) -> (Vec<EpochMetrics>, Vec<u32>, usize) {
    let (mut lines, mut step) = (Vec::new(), 0);
    while !trainer.finished() {
        if let Some(folder) = folder {
            write_checkpoint(&folder.join(step.to_string()), "key", trainer).unwrap();
        }
        step += 1;
        lines.extend(trainer.step(&go_on).unwrap().map(|(metrics, _)| metrics));
    }
    (lines, weights(trainer), step)
}

#[test]
fn every_option_resumes_to_the_same_bits_from_any_step() {
    let world = World::new(90);
    for way in &WAYS {
        let dir = tempfile::tempdir().unwrap();
        let (lines, bits, steps) = train(&mut trainer(&world, way), Some(dir.path()));
        assert_eq!((lines.len(), steps), (EPOCHS, 9), "{}", way.0);
        for step in 0..steps {
            let mut resumed = trainer(&world, way);
            read_checkpoint(&dir.path().join(step.to_string()), "key", &mut resumed).unwrap();
            assert_eq!(resumed.batch(), 3 * (step % 3));
            let (rest, found, _) = train(&mut resumed, None);
            assert_eq!(rest, lines[step / 3..], "{} from step {step}", way.0);
            assert_eq!(found, bits, "{} from step {step}", way.0);
        }
    }
}

#[test]
fn every_encoder_takes_all_options_and_resumes_to_the_same_bits() {
    let world = World::new(90);
    let all = WAYS.last().unwrap();
    for (name, model) in encoders() {
        let shape = ModelConfig { seq_len: SEQ_LEN, dropout: 0.1, latent_dim: 2, ..model };
        let dir = tempfile::tempdir().unwrap();
        let run = |threads: usize, folder: Option<&std::path::Path>| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| train(&mut shaped(&world, all, &shape), folder))
        };
        let straight = run(1, Some(dir.path()));
        assert_eq!(run(2, None), straight, "{name}");
        for step in [1, 4, 6] {
            let mut resumed = shaped(&world, all, &shape);
            read_checkpoint(&dir.path().join(step.to_string()), "key", &mut resumed).unwrap();
            let (rest, bits, _) = train(&mut resumed, None);
            assert_eq!((rest, bits), (straight.0[step / 3..].to_vec(), straight.1.clone()), "{name} from step {step}");
        }
    }
}

/// The optimiser decays what has two axes or more.
#[test]
fn biases_gains_and_loss_weights_are_not_decayed() {
    for (encoder, model) in encoders() {
        let network = network(&ModelConfig { seq_len: SEQ_LEN, ..model });
        for (name, var) in network.params().iter() {
            let free = name.ends_with("bias") || name.ends_with("gain") || name.starts_with("loss.");
            assert_eq!(var.rank() < 2, free, "{encoder}: {name} {:?}", var.dims());
        }
    }
}

#[test]
fn threads_change_no_bit_and_every_option_does() {
    let world = World::new(90);
    let run = |threads: usize, way: &Way| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| train(&mut trainer(&world, way), None))
    };
    let plain = run(1, &WAYS[0]);
    for way in &WAYS {
        let one = run(1, way);
        assert_eq!(one, run(2, way), "{}", way.0);
        assert_eq!(one.1 == plain.1, way.0 == "plain", "{}", way.0);
    }
}

/// A window of weight 2 teaches as two of weight 1 do, if nothing is random.
#[test]
fn weights_stand_for_copies() {
    let world = World::new(90);
    let quiet = ModelConfig { dropout: 0.0, latent_dim: 1, ..shape(Norm::Pre, Pooling::Mean) };
    let copies: Vec<usize> = (20..32).flat_map(|t| if t % 3 == 0 { vec![t, t] } else { vec![t] }).collect();
    let once: Vec<usize> = (20..32).collect();
    let counts: Vec<f64> = once.iter().map(|t| if t % 3 == 0 { 1.5 } else { 0.75 }).collect();
    let losses = |bars: &[usize], weights: Option<&[f64]>| {
        let mut config = config(1);
        config.train.batch_size = bars.len();
        config.train.accumulation_steps = 1;
        let set = TrainingSet { train: bars, weights, ..world.set() };
        let trainer = Trainer::new(network(&quiet), config, set).unwrap();
        let training = Training { weights: trainer.weights.as_deref(), noise: None };
        let (x, targets) = set.training_batch(bars, trainer.network.device(), &training, &mut None).unwrap();
        let outputs = trainer.network.forward(&x, &mut Noise::off(), &mut Probe::default()).unwrap();
        let losses = trainer.full_objective().losses(&trainer.network, &outputs, &targets).unwrap();
        let mut gradients = Gradients::new(trainer.network.params());
        gradients.add(trainer.network.params(), &losses.total.backward().unwrap(), 1.0).unwrap();
        (f64::from(losses.total.to_scalar::<f32>().unwrap()), gradients.norms())
    };
    let (total, norms) = losses(&copies, None);
    let (weighed, others) = losses(&once, Some(&counts));
    assert!((total - weighed).abs() < 1e-5, "{total} {weighed}");
    for (name, norm) in norms {
        assert!((norm - others[&name]).abs() < 1e-4 * (norm + 1e-3), "{name}: {norm} {}", others[&name]);
    }
    assert!((total - losses(&once, None).0).abs() > 1e-3);
}

#[test]
fn class_weights_make_a_constant_of_a_half_best() {
    let world = World::new(400);
    let learned = |class_weights: bool| {
        let mut config = config(6);
        config.train.class_weights = class_weights;
        let mut trainer = world.trainer(&shape(Norm::Pre, Pooling::Last), config);
        let mut last = None;
        while !trainer.finished() {
            last = Some(trainer.epoch(&go_on).unwrap().0);
        }
        let (x, _) = world.set().batch(&world.validation, trainer.network.device()).unwrap();
        let outputs = trainer.network.forward(&x, &mut Noise::off(), &mut Probe::default()).unwrap();
        let logits = outputs.entry_logit.to_vec1::<f32>().unwrap();
        (logits.iter().sum::<f32>() / logits.len() as f32, last.unwrap())
    };
    let (plain, _) = learned(false);
    let (balanced, last) = learned(true);
    // About 38 % of bars are entries.
    assert!(balanced > plain + 0.2, "{balanced} {plain}");
    assert!(last.score < 1.0 && last.learned.entry_auc.unwrap() > 0.8, "{last:?}");
}

#[test]
fn weights_and_classes_that_cannot_be_used_are_refused_in_a_sentence() {
    let world = World::new(90);
    let refusal = |set: TrainingSet<'_>, class_weights: bool| {
        let mut config = config(1);
        config.train.class_weights = class_weights;
        let network = network(&shape(Norm::Pre, Pooling::Mean));
        Trainer::new(network, config, set).expect_err("refused").to_string()
    };
    let n = world.train.len();
    for (weights, word) in [
        (vec![1.0; n - 1], "windows"),
        (vec![2.0; n], "mean is 2"),
        ([vec![-1.0], vec![1.0; n - 1]].concat(), "is -1"),
        ([vec![f64::NAN], vec![1.0; n - 1]].concat(), "is NaN"),
    ] {
        let text = refusal(TrainingSet { weights: Some(&weights), ..world.set() }, false);
        assert!(text.contains("weights") && text.contains(word) && text.lines().count() == 1, "{text}");
    }
    let mut crowded = config(1);
    (crowded.train.restarts, crowded.train.restart_growth) = (2, 10.0);
    let network = network(&shape(Norm::Pre, Pooling::Mean));
    let text = Trainer::new(network, crowded, world.set()).expect_err("refused").to_string();
    assert!(text.contains("train.restarts 2") && text.contains("first cosine") && text.lines().count() == 1, "{text}");
    let text = refusal(TrainingSet { validation: &[], ..world.set() }, false);
    assert!(text.contains("validation slice"), "{text}");
    let entries: Vec<usize> =
        world.train.iter().copied().filter(|&t| world.targets.columns(&[t])[0][0] == 1.0).collect();
    let text = refusal(TrainingSet { train: &entries, ..world.set() }, true);
    assert!(text.contains("class_weights") && text.contains("entry"), "{text}");
}

#[test]
fn changes_act_at_the_next_step_are_noted_and_survive_a_resume() {
    let world = World::new(90);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("last");
    let begin = || {
        let mut trainer = trainer(&world, &WAYS[0]);
        for _ in 0..4 {
            trainer.step(&go_on).unwrap();
        }
        trainer
    };
    let mut changed = begin();
    let before = changed.learning_rate();
    assert!(changed.change_learning_rate(-1.0).unwrap_err().contains("stays 0.003"));
    assert!(changed.change_patience(0).is_err());
    assert!(changed.state().changes.is_empty());
    changed.change_learning_rate(3e-4).unwrap();
    changed.change_patience(1).unwrap();
    assert!((changed.learning_rate() / before - 0.1).abs() < 1e-2, "{before} {}", changed.learning_rate());
    let notes: Vec<_> =
        changed.state().changes.iter().map(|c| (c.what.as_str(), c.epoch, c.step, c.from, c.to)).collect();
    let expected = [("learning_rate", 2, 4, Some(3e-3), Some(3e-4)), ("patience", 2, 4, Some(50.0), Some(1.0))];
    assert_eq!(notes, expected);
    write_checkpoint(&path, "key", &changed).unwrap();
    let straight = train(&mut changed, None);
    let mut resumed = trainer(&world, &WAYS[0]);
    read_checkpoint(&path, "key", &mut resumed).unwrap();
    assert_eq!(train(&mut resumed, None), straight);
    assert_eq!(resumed.state(), changed.state());
    assert_ne!(train(&mut begin(), None).1, straight.1);
    let mut stopped = begin();
    stopped.stop();
    assert!(stopped.finished());
    assert_eq!(stopped.state().changes[0].what, "stop");
}
