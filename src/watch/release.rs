//! Claimed seeds back where they were put, when the process goes or they were not
//! complete.

use std::collections::BTreeSet;
use std::ffi::OsString;

use super::claim::Claim;
use super::error::{SpoolError, failed_to};
use super::seed_names::numbered;
use super::spool::Spool;
use super::steps::{is_missing, move_new};
use crate::files;

impl Spool {
    /// Puts the seed of `claim` back where it waited, beside a namesake that
    /// may have arrived since. Gives its name there; none of one that was
    /// delivered after all.
    pub fn release(&self, claim: &Claim) -> Result<Option<OsString>, SpoolError> {
        let name = self.put_back(claim)?;
        self.sync_seeds(claim.voice())?;
        Ok(name)
    }

    /// Does the same with all of `claims`, for which the disk is waited for once and
    /// not a thousand times. An error concerns one of them, which the next process
    /// finds where it is.
    pub fn release_all<'a>(&self, claims: impl Iterator<Item = &'a Claim>) -> Vec<SpoolError> {
        let mut voices = BTreeSet::new();
        let put_back = |claim: &'a Claim| {
            voices.insert(claim.voice());
            self.put_back(claim).err()
        };
        let mut errors: Vec<_> = claims.filter_map(put_back).collect();
        let synced = voices.into_iter().map(|voice| self.sync_seeds(voice));
        errors.extend(synced.filter_map(Result::err));
        errors
    }

    fn sync_seeds(&self, voice: Option<&str>) -> Result<(), SpoolError> {
        let seeds = self.root().seeds_of(voice);
        // A voice's folder is gone where nothing had to be put back.
        match is_missing(&seeds) && voice.is_some() {
            true => Ok(()),
            false => files::sync_folder(&seeds).map_err(failed_to("sync", &seeds)),
        }
    }

    fn put_back(&self, claim: &Claim) -> Result<Option<OsString>, SpoolError> {
        if self.settle(claim)?.is_some() {
            return Ok(None);
        }
        let asked = claim.asked();
        self.root().make_seeds_of(claim.voice())?;
        let seeds = self.root().seeds_of(claim.voice());
        let mut name = claim.name().to_owned();
        let mut number = 2;
        while !move_new(&claim.seed(), &seeds.join(&name))? {
            name = numbered(claim.name(), number);
            number += 1;
        }
        self.clean_up(claim);
        let seed = seeds.join(&name);
        self.returned().add(claim.id(), claim.voice(), &seed, asked);
        Ok(Some(name))
    }
}
