//! The signature of a manifest: Ed25519 (RFC 8032) over the exact bytes of its file.

use std::fmt;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// Signs manifests. Signatures are deterministic: the same manifest has the same one.
pub struct Signer {
    pair: Ed25519KeyPair,
}

impl Signer {
    /// The signer with this secret seed; none where the seed can't be used.
    pub fn from_seed(seed: [u8; 32]) -> Option<Signer> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        Some(Signer { pair })
    }

    /// The public key, 64 hexadecimal digits.
    pub fn public(&self) -> String {
        hex::encode(self.pair.public_key())
    }

    /// The signature of a document, 128 hexadecimal digits.
    pub(crate) fn sign(&self, document: &[u8]) -> String {
        hex::encode(self.pair.sign(document))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

/// Whether this is the signature of a document under a public key, both in hexadecimal digits.
pub(crate) fn is_signed(document: &[u8], signature: &[u8], key: &str) -> bool {
    let (Ok(signature), Ok(key)) = (hex::decode(signature.trim_ascii_end()), hex::decode(key))
    else {
        return false;
    };
    let key = UnparsedPublicKey::new(&ED25519, key);
    key.verify(document, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_first_test_vector_of_rfc_8032_comes_out() {
        let seed = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let signer = Signer::from_seed(seed.unwrap().try_into().unwrap()).unwrap();
        assert_eq!(
            signer.public(),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        assert_eq!(
            signer.sign(b""),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        );
    }

    #[test]
    fn another_document_another_key_and_half_a_signature_are_no_signature() {
        let signer = Signer::from_seed([7; 32]).unwrap();
        let other = Signer::from_seed([8; 32]).unwrap();
        let signature = signer.sign(b"a manifest");
        let check = |document: &[u8], signature: &str, key: &Signer| {
            is_signed(document, signature.as_bytes(), &key.public())
        };
        assert!(check(b"a manifest", &signature, &signer));
        assert!(check(b"a manifest", &format!("{signature}\n"), &signer));
        assert!(!check(b"a manifest.", &signature, &signer));
        assert!(!check(b"a manifest", &signature, &other));
        assert!(!check(b"a manifest", &signature[..64], &signer));
        assert!(!check(b"a manifest", "no digits", &signer));
    }

    #[test]
    fn a_signer_does_not_print_its_key() {
        let signer = Signer::from_seed([7; 32]).unwrap();
        assert_eq!(format!("{signer:?}"), "Signer");
    }
}
