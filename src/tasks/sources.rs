use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use sha2::{Digest as _, Sha256};

use super::event::{Job, TaskEvent};
use crate::config::FeaturesConfig;
use crate::data::{ReadOptions, read_series, read_stamped, time_text};
use crate::dataset::leaks::{LeakOptions, Verdict, check_columns};
use crate::dataset::{ExternalValues, ExtraColumns, Foreign, SourceNote, resampled_bars};
use crate::indicators::{Instance, Library, Lines, Mode, compute};
use crate::market::{Period, Series, Timeframe};

/// What features come from besides the bars themselves, read and checked.
#[derive(Debug, Default)]
pub struct Sources {
    /// Longer timeframes, as they are called.
    periods: Vec<(String, Period)>,
    /// Other symbols at the timeframe of the bars.
    symbols: Vec<Foreign>,
    external: Vec<ExternalValues>,
    /// The indicators whose lines are computed there.
    instances: Vec<Instance>,
    /// For the record.
    notes: Vec<SourceNote>,
}

impl Sources {
    /// Reads the files that `features` names and checks them against `base`, the bars of the run.
    ///
    /// # Errors
    /// Files that cannot be read or do not overlap, longer bars, unknown columns, delays and timeframes that are none.
    pub fn read(features: &FeaturesConfig, base: &Series, library: &Library, job: &Job) -> Result<Self> {
        let wanted = |instance: &Instance| {
            features.indicators.is_empty() || features.indicators.iter().any(|id| id == instance.id())
        };
        let foreign = !(features.timeframes.is_empty() && features.symbols.is_empty());
        let mut sources = Self::default();
        if foreign {
            sources.instances = library.catalogue(Mode::Standard).into_iter().filter(wanted).collect();
        }
        for text in &features.timeframes {
            let period: Period = text.parse().map_err(|err| anyhow!("features.timeframes: {err}"))?;
            if resampled_bars(base, period, "features.timeframes")?.is_empty() {
                bail!("features.timeframes: the {} bars of {} hold no whole bar of {text}", base.len(), base.symbol);
            }
            sources.periods.push((period.to_string(), period));
        }
        for file in &features.symbols {
            job.progress(0, 0, "reading other symbols");
            sources.read_symbol(Path::new(file), base)?;
            job.check()?;
        }
        if !features.external.columns.is_empty() {
            job.progress(0, 0, "reading external columns");
            sources.read_external(features, base, job)?;
        }
        Ok(sources)
    }

    fn read_symbol(&mut self, file: &Path, base: &Series) -> Result<()> {
        let (series, _) = read_series(file, &ReadOptions::default())
            .with_context(|| format!("features.symbols: {} gives no bars", file.display()))?;
        let (symbol, fingerprint) = (series.symbol.clone(), series.fingerprint());
        let series = Foreign::bars_for(base, series)?;
        let lines = compute(&self.instances, &series);
        self.symbols.push(Foreign { tag: symbol.clone(), series, lines });
        self.notes.push(SourceNote { name: symbol, fingerprint });
        Ok(())
    }

    fn read_external(&mut self, features: &FeaturesConfig, base: &Series, job: &Job) -> Result<()> {
        let external = &features.external;
        let delay = match external.delay.trim() {
            "" | "0" => 0,
            text => text
                .parse::<Timeframe>()
                .map_err(|_ignored| {
                    anyhow!("features.external.delay: {text:?} is no length of time such as 30m, 4h or 1d")
                })?
                .millis(),
        };
        let file = Path::new(&external.file);
        let read = read_stamped(file, &external.columns).context("features.external")?;
        let mut hash = Sha256::new();
        hash.update(delay.to_le_bytes());
        for time in &read.times {
            hash.update(time.to_le_bytes());
        }
        for (name, values) in read.columns {
            hash.update(name.as_bytes());
            for value in &values {
                hash.update(value.to_bits().to_le_bytes());
            }
            let values = ExternalValues { name, times: read.times.clone(), values, delay };
            values.check(base)?;
            self.external.push(values);
        }
        self.notes.push(SourceNote { name: "external".to_owned(), fingerprint: format!("{:x}", hash.finalize()) });
        if let (Some(first), Some(&last)) = (self.external.first(), read.times.last())
            && first.carried(base) > 0
        {
            job.emit(TaskEvent::Note(format!(
                "warning: {} ends at {}: the last {} bars carry its last values on",
                file.display(),
                time_text(last),
                first.carried(base)
            )));
        }
        Ok(())
    }

    /// The columns of all sources over `series`, whose lines are `lines`, with the shifted own ones; of the others only
    /// what was known at `known` (UTC milliseconds), if that is given.
    ///
    /// # Errors
    /// An indicator of `config` that was not computed.
    pub fn columns(
        &self,
        series: &Series,
        lines: &Lines,
        config: &FeaturesConfig,
        known: Option<i64>,
    ) -> Result<ExtraColumns> {
        let mut extra = ExtraColumns::default();
        extra.add_shifts(series, lines, config)?;
        for (tag, period) in &self.periods {
            let bars = resampled_bars(series, *period, "features.timeframes")?;
            let lines = compute(&self.instances, &bars);
            extra.add_foreign(series, &Foreign { tag: tag.clone(), series: bars, lines }, config)?;
        }
        for symbol in &self.symbols {
            match known {
                Some(known) => extra.add_foreign(series, &symbol.until(known), config)?,
                None => extra.add_foreign(series, symbol, config)?,
            }
        }
        match known {
            Some(known) => {
                let cut: Vec<ExternalValues> = self.external.iter().map(|values| values.until(known)).collect();
                extra.add_external(series, &cut);
            }
            None => extra.add_external(series, &self.external),
        }
        Ok(extra)
    }

    /// For the record: symbols and what external columns there are, with fingerprints.
    pub fn notes(&self) -> &[SourceNote] {
        &self.notes
    }

    /// External columns by feature name, with their value at every bar and whether they know what the next bars bring.
    pub(super) fn external(&self, base: &Series) -> Result<Vec<(String, Vec<f64>, bool)>> {
        let joined: Vec<(String, Vec<f64>)> =
            self.external.iter().map(|v| (format!("external.{}", v.name), v.at_closes(base))).collect();
        let columns: Vec<(&str, &[f64])> = joined.iter().map(|(name, v)| (name.as_str(), v.as_slice())).collect();
        let found = check_columns(base.bars(), &columns, &LeakOptions::default())?;
        let leaks = found.into_iter().map(|column| column.verdict == Verdict::Leaks).collect::<Vec<_>>();
        Ok(joined.into_iter().zip(leaks).map(|((name, values), leaks)| (name, values, leaks)).collect())
    }
}

/// `config` with absolute paths of other files; relative ones start at the current folder.
pub(super) fn absolute_files(features: &mut FeaturesConfig) -> Result<()> {
    let absolute = |text: &str, key: &str| -> Result<String> {
        let path: PathBuf = std::path::absolute(text).with_context(|| format!("{key} {text:?} is no usable path"))?;
        Ok(path.display().to_string())
    };
    for file in &mut features.symbols {
        *file = absolute(file, "features.symbols")?;
    }
    if !features.external.file.is_empty() {
        features.external.file = absolute(&features.external.file, "features.external.file")?;
    }
    Ok(())
}

/// `config` without places: equal for equal files wherever they lie, whose content [`Sources::notes`] tells.
pub(super) fn without_places(features: &FeaturesConfig) -> FeaturesConfig {
    let name =
        |text: &String| Path::new(text).file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let mut features = features.clone();
    features.symbols = features.symbols.iter().map(name).collect();
    features.external.file = name(&features.external.file);
    features
}
