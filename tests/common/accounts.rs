//! Accounts of a NATS server and credentials of their users, as `nsc` makes them: an operator
//! signs for an account, and the account for a user (NATS' documentation, "In depth JWT guide").

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde_json::{Value, json};

/// Writes into `folder` the configuration of a server that lets in the users of one account,
/// and the credentials of one such user and of a stranger; gives their paths.
pub fn write(folder: &Path) -> [PathBuf; 3] {
    let (operator, account, user) = (
        KeyPair::new_operator(),
        KeyPair::new_account(),
        KeyPair::new_user(),
    );
    let (other_account, stranger) = (KeyPair::new_account(), KeyPair::new_user());
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
        "conn": -1, "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
    });
    let limited = json!({"type": "account", "version": 2, "limits": limits});
    // The server keeps its own messages apart from those of its users.
    let system = KeyPair::new_account();
    let unlimited = json!({"type": "account", "version": 2});
    let preloaded = [(&account, limited), (&system, unlimited)].map(|(account, nats)| {
        let name = account.public_key();
        format!("{name}: \"{}\"", token(&operator, &name, nats))
    });
    let configuration = format!(
        "operator: \"{}\"\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {} }}\n",
        token(
            &operator,
            &operator.public_key(),
            json!({"type": "operator", "version": 2})
        ),
        system.public_key(),
        preloaded.join(", "),
    );
    let credentials = |account: &KeyPair, user: &KeyPair| {
        let nats = json!({"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1});
        format!(
            "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            token(account, &user.public_key(), nats),
            user.seed().unwrap(),
        )
    };
    let files = [
        ("server.conf", configuration),
        ("user.creds", credentials(&account, &user)),
        ("stranger.creds", credentials(&other_account, &stranger)),
    ];
    files.map(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    })
}

/// What `issuer` says of `subject`, signed.
fn token(issuer: &KeyPair, subject: &str, nats: Value) -> String {
    let encoded = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let header = encoded(json!({"typ": "JWT", "alg": "ed25519-nkey"}));
    let claims = encoded(json!({
        "jti": "test", "iat": 1, "iss": issuer.public_key(), "name": "test", "sub": subject, "nats": nats,
    }));
    let signed = format!("{header}.{claims}");
    let signature = BASE64_URL_SAFE_NO_PAD.encode(issuer.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}
