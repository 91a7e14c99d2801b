//! Which version is chosen.

use super::super::{NoCommonVersion, Version};

#[test]
fn the_highest_common_version_is_chosen() {
    assert_eq!(Version::negotiate(Some("1.0,1.1,1.2")), Ok(Version::V1_2));
    assert_eq!(Version::negotiate(Some("1.2,1.1,1.0")), Ok(Version::V1_2));
    assert_eq!(Version::negotiate(Some("1.1,1.0")), Ok(Version::V1_1));
    assert_eq!(Version::negotiate(Some("1.0")), Ok(Version::V1_0));
    assert_eq!(Version::negotiate(Some("1.1, 9.9")), Ok(Version::V1_1));
}

#[test]
fn a_client_without_accept_version_speaks_1_0() {
    assert_eq!(Version::negotiate(None), Ok(Version::V1_0));
}

#[test]
fn a_list_without_a_common_version_is_refused() {
    for list in ["", "2.0", "1.20", "1", "v1.2", "1.3,2.0"] {
        assert_eq!(
            Version::negotiate(Some(list)),
            Err(NoCommonVersion),
            "{list}"
        );
    }
    assert!(NoCommonVersion.to_string().ends_with("1.0,1.1,1.2"));
}

#[test]
fn versions_are_written_as_they_are_read() {
    for version in [Version::V1_0, Version::V1_1, Version::V1_2] {
        assert_eq!(Version::negotiate(Some(version.as_str())), Ok(version));
        assert!(
            Version::SUPPORTED
                .split(',')
                .any(|one| one == version.as_str())
        );
    }
}
