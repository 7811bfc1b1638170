# Release build (node-gyp, prebuildify): only the addon. The developer build is
# CMakeLists.txt. Both read native/build.json, the only list of sources and flags.
{
  'variables': {
    'addon_name': '<!(node -p "require(\'./native/build.json\').name")',
    'addon_napi': '<!(node -p "require(\'./native/build.json\').napi_version")',
    'addon_pkgs': '<!(node -p "require(\'./native/build.json\').pkg_config.join(\' \')")',
  },
  'targets': [{
    'target_name': '<(addon_name)',
    'sources': [
      '<!@(node -p "require(\'./native/build.json\').core_sources.join(\' \')")',
      '<!@(node -p "require(\'./native/build.json\').addon_sources.join(\' \')")',
    ],
    'defines': [
      'NAPI_VERSION=<(addon_napi)',
      '<!@(node -p "require(\'./native/build.json\').defines.join(\' \')")',
    ],
    'include_dirs': [
      'native',
      '<!(node -p "require(\'node-addon-api\').include_dir")',
      '<!@(pkg-config --cflags-only-I <(addon_pkgs) | sed s/-I//g)',
    ],
    'cflags_cc': ['<!@(node -p "require(\'./native/build.json\').cxx_flags.join(\' \')")'],
    'libraries': [
      '<!@(pkg-config --libs <(addon_pkgs))',
      '<!@(node -p "require(\'./native/build.json\').libraries.join(\' \')")',
    ],
  }],
}
