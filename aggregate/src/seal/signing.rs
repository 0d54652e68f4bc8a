//! The key that manifests are signed with: made at the first start, and kept with the counts.

use bytes::Bytes;
use kaiku_stage::RandomSource;
use object_store::path::Path;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::rollups::Signer;
use crate::store::{Landing, Put};

/// Where the key stands in the landing store.
const KEY: &str = "_signing/key";

/// The signer of this pipeline.
///
/// # Errors
/// Where the store fails, or holds something else under the key's name.
pub(crate) async fn signer(landing: &Landing, random: &RandomSource) -> Result<Signer, Error> {
    let path = Path::from(KEY);
    let mut seed: Zeroizing<[u8; 32]> = Zeroizing::new(random.bytes());
    let bytes = Bytes::copy_from_slice(&*seed);
    let unusable = || Error::SigningKey {
        path: path.to_string(),
    };
    if let Put::Exists(found) = landing.put_if_absent(&path, bytes).await? {
        *seed = <[u8; 32]>::try_from(found.as_ref()).map_err(|_| unusable())?;
    }
    Signer::from_seed(*seed).ok_or_else(unusable)
}
