extension MeasuredPlans {
    /// The plans below, if this process's FFTW is the build that found them; else none.
    public static let builtIn: MeasuredPlans = FFTWLibrary.fault == nil ? debian.accepted() : .none

    /// Found by `fftconv calibrate --plans` on 2026-11-26 (AMD EPYC of the Zen 3 kind) with FFTW 3.3.10 as Debian 12 builds it for
    /// x86-64, on a processor with AVX: the best of three searches each (`Docs/Measurements/2026-11-26-plans.md`, `2026-11-26-lines.md`). The lines are those
    /// of the calibration file, and are made anew that way.
    static let debian: MeasuredPlans = {
        guard let plans = try? MeasuredPlans(text: debianText) else { preconditionFailure("damaged plans of FFTW") }
        return plans
    }()

    private static let debianText = """
        fftw fftw-3.3.10 458a31c892381c4c4f974889cd46f97e 11cec
        fftw 1x32 forward codelet_n2fv_16_avx:0:c59171703b80bf13dd2c5d13757b0aaa codelet_t2fv_2_avx:0:12dc3d8ee40293c9508e7f2118911bc9
        fftw 1x32 back codelet_n2bv_8_avx:0:df3c500b653332b7b62c9f0b777feed5 codelet_t2bv_4_avx:0:0d8a6c0cdb478deb1b2d4b432f4dc91c
        fftw 1x48 forward codelet_n2fv_12_avx:0:496da2e620334b52d829173df1807adf codelet_t2fv_4_avx:0:14bd147032f7c7440081816f18e1a2eb
        fftw 1x64 forward codelet_n2fv_16_avx:0:17f92375b79b1919405c42a4ff7ed69c codelet_t2fv_4_avx:0:ca990a4be5e9abdb662955b5109b1ce1
        fftw 1x64 back codelet_n2bv_8_avx:0:b0fe64c74ddc08791f18ecb207decd9e codelet_t2bv_8_avx:0:222fe56a400e7062aa0102abdac525c7
        fftw 1x80 forward codelet_n2fv_10_avx:0:4bd4e07a749ad7a6bcba360ec8223c48 codelet_t2fv_8_avx:0:803c6da0d9d8775805db51cbaa2f3bd8
        fftw 1x80 back codelet_n2bv_10_avx:0:634d8eacb4d4d1821623d610cf6210cf codelet_t2bv_8_avx:0:62099799b95074b8aed30516fe81635b
        fftw 1x96 forward codelet_n2fv_12_avx:0:7ac79a1543c397b5df0a8d1eaaea8be1 codelet_t2fv_8_avx:0:a0299b5935fb8dbfbc78fec83eec023b
        fftw 1x96 back codelet_n2bv_12_avx:0:4ae6579618199ec2faa59ad8f2226ee5 codelet_t2bv_8_avx:0:abda36110a1402185770bb15de936a22
        fftw 1x128 forward codelet_n2fv_32_avx:0:e4f1eca0f6127fbd4a1f12add334caed codelet_t2fv_4_avx:0:2f62ee2afc02dfdb3154f965956f2faa
        fftw 1x128 back codelet_n2bv_32_avx:0:1e5c4a573c06fa4ac80d4e309b1a6ad6 codelet_t2bv_4_avx:0:669201c4f84cd53827abeb26117e446f
        fftw 1x144 forward codelet_n2fv_12_avx:0:903c36d8a9df9bc35630dbd49320e409 codelet_t1fv_12_avx:0:e8d5fe1d0f2f6872fc476cbdc036a057
        fftw 1x144 back codelet_n2bv_12_avx:0:5c5f6e379363306caa71a037ffa8bdcb codelet_t1bv_12_avx:0:69f3e5c6f21fd35ac03ae00dacda68d7
        fftw 1x160 forward codelet_n2fv_8_avx:0:5cfff3ca1c4ac7e49adfb31259509d00 codelet_t2fv_20_avx:0:b67186a8ef013beab51f06e699bbb2f3
        fftw 1x160 back codelet_n2bv_20_avx:0:c8c950592786d05b32a484c38ddd2ec7 codelet_t2bv_8_avx:0:be153c3087a6c5aa41fd2a07043e7828
        fftw 1x192 forward codelet_n2fv_12_avx:0:ae588c7134ddd6a48407ecf8322660a4 codelet_t2fv_16_avx:0:3cdfdb3dcf500cfbfd12208a05fb0bf3
        fftw 1x192 back codelet_n2bv_12_avx:0:0f61c76cd750d64d425f0076a6827e9a codelet_t2bv_16_avx:0:3ffd2591490ddee1d32f100a058ca10e
        fftw 1x240 forward codelet_n2fv_12_avx:0:e63b0d4a2d9149faf85a1f1cc30b3a35 codelet_t2fv_20_avx:0:2fa8abef5e475335ecc229c3d0ff9ce7
        fftw 1x240 back codelet_n2bv_12_avx:0:7fe305da5f352ec538c32ec1e03903e3 codelet_t2bv_20_avx:0:ecc523489f36eb220149566771a5a595
        fftw 1x256 forward codelet_n2fv_8_avx:0:c70e68af2885b791d8a713732a562113 codelet_t2fv_32_avx:0:cf6061a3568aee5c3ed75045d3c2f0a4
        fftw 1x256 back codelet_n2bv_16_avx:0:f08261a73f3e16686776b57efe915edd codelet_t2bv_16_avx:0:22d1609a6e67ff4f0f612de2700cc049
        fftw 1x320 forward codelet_n2fv_16_avx:0:3e8b156cea1a1badd8b293e12a7602a7 codelet_t2fv_20_avx:0:f657bce0632085dcf072eeaedf4dec13
        fftw 1x320 back codelet_n2bv_16_avx:0:cae837caebb6a836ed161edf7b689587 codelet_t2bv_20_avx:0:df548524bcbbf03e3ce570a3d8a0d991
        fftw 1x384 forward codelet_n2fv_12_avx:0:f18ac3d3b18929713ea419d58824033c codelet_t2fv_32_avx:0:25a1cbf98c8679eaa5b170c4ff7dc78f
        fftw 1x384 back codelet_n2bv_12_avx:0:faa8f822e2fc9d43f82ad3874cb98934 codelet_t2bv_32_avx:0:03b92f1fe63d8accc58e3d656d167ffd
        fftw 1x400 forward codelet_n2fv_20_avx:0:ae29540d4893058fc5287f97feb51d45 codelet_t2fv_20_avx:0:125c84becf6c142aa37133c9b1093473
        fftw 1x400 back codelet_n2bv_20_avx:0:14fc1039702487502cc10f0a32cb442e codelet_t2bv_20_avx:0:539294e09e267c3323e6e006ee0b80e8
        fftw 1x512 forward codelet_n2fv_64_avx:0:72075258982ada2c7b92010e469b2ff9 codelet_t2fv_8_avx:0:5ccd11b943ed88307233cc84e3e53a93
        fftw 1x512 back codelet_n2bv_64_avx:0:478ff8bdf01f8ce05becf802ba45b75e codelet_t2bv_8_avx:0:d530cc8e44e0c4d3ab78c6ba1fc2a17f
        fftw 1x640 back codelet_n2bv_32_avx:0:d58e74b4b3f5667214dfa1f200c92e41 codelet_t2bv_20_avx:0:518240064732ce3d0d1b83eb9b005918
        fftw 1x768 forward codelet_n2fv_12_avx:0:5fd342ccabfc76b4b69f7d7ab3f43032 codelet_t2fv_64_avx:0:27447538451e0c66c727ad06ce0f009a
        fftw 1x768 back codelet_n2bv_12_avx:0:693c622cc2eef6939eebebe8391b9e77 codelet_t2bv_64_avx:0:a8d35d356dc0670d8ddfdc819ad0d3d9
        fftw 1x960 forward codelet_n2fv_12_avx:0:1ab4ddded6cd7f98c69ee29ea4b48d59 codelet_t2fv_10_avx:0:3bc65d06c44f478a3027024b5317bc0d codelet_t3fv_8_avx:0:1087c2efabeaca4ddde099a41ae7afe3 dft_vrank_geq1_register:0:398c4d584917d32808c8254733da1b4a
        fftw 1x960 back codelet_n2bv_12_avx:0:6fa71618af3a8835e9c9cdfeb5f080af codelet_t1bv_10_avx:0:58368ffd031d14d3887c19fe085a8cd1 codelet_t2bv_8_avx:0:17af10e4e662a4aa657cd6ac24ea58b4 dft_vrank_geq1_register:0:3bd87d579aed749e49829e71ff26a309
        fftw 1x1024 forward codelet_n2fv_32_avx:0:facc7de56d194dae7a176acb2f7c1f25 codelet_t2fv_32_avx:0:9208a52b2d2ad0976067ffe4cda7baf8
        fftw 1x1024 back codelet_n2bv_64_avx:0:14644f8e8b2e05aae83ee770e9cef38f codelet_t2bv_16_avx:0:7e441cca725d70fe87b096229ea388de
        fftw 1x1280 forward codelet_n2fv_64_avx:0:0aa8fe3f76b6277e1a6e7c74c337d7e3 codelet_t2fv_20_avx:0:575816cd4237cbb3891c03b48bc30cc7
        fftw 1x1280 back codelet_n2bv_64_avx:0:4613600fb52d1854d8e6f0b7d8d7e5a6 codelet_t2bv_20_avx:0:0e3fcc1d899d4a60e62cf3f832688505
        fftw 1x2048 forward codelet_n2fv_32_avx:0:dee5c0e87295d10d5970984f55f6d050 codelet_t2fv_64_avx:0:52d2c729d90ebce16bd78c1422b31d6d
        fftw 1x2048 back codelet_n2bv_16_avx:0:a3682fad571ada8bcb31da4038ca3b84 codelet_t2bv_32_avx:0:bc53ead36ca063f0ece60d57436482a7 codelet_t2bv_4_avx:0:02856f130254c9dfb06cab083d92c895 dft_vrank_geq1_register:0:4ee4e272f7b0ad86972d9f5445ef7e64
        fftw 1x2560 forward codelet_n2fv_16_avx:0:e5090865557e13e4f4083bafa4144e98 codelet_t2fv_20_avx:0:e3407acda3d1ace9e43961cd2462244a codelet_t2fv_8_avx:0:cc7bdfe34ce6d6221f1da22c5f54b3a2 dft_vrank_geq1_register:0:eaa35b1c9244c5058666737fbe78dfef
        fftw 1x2560 back codelet_n2bv_32_avx:0:086fe5542d1b427cd4e954610bda3b59 codelet_t2bv_20_avx:0:684de032a28a620c9933ceaf84dd3559 codelet_t2bv_4_avx:0:4ce6eaa4ca6e29acacb68dd9bb539e8c dft_vrank_geq1_register:0:85e377f0593d1c91d537bf1e9bfebdae
        fftw 8x32 forward codelet_n1fv_32_avx:0:32f693e8888e1f51aef8c124f284db14
        fftw 8x48 forward codelet_n2fv_12_avx:0:496da2e620334b52d829173df1807adf codelet_t1fv_4_avx:0:2b963e655f2823e0ee172cdcb784f333 dft_vrank_geq1_register:0:c7ed72a6f343bb1fd1d72585c2a5894e
        fftw 8x48 back codelet_n2bv_12_avx:0:28bdc24066fadc4012d9296422fe3dcc codelet_t2bv_4_avx:0:4349ad60f3a9d543720565dfe37f4432 dft_vrank_geq1_register:0:50c72cf7492f6746c34e9ce7d7f7ac6b
        fftw 8x64 forward codelet_n1fv_64_avx:0:c462bc6c8a8abed6dbd13227b8b3683f
        fftw 8x80 forward codelet_n2fv_8_avx:0:0afd4c9d46938a21491b40aac52a989e codelet_t2fv_10_avx:0:5b52d17d5f377a1012b590bf6426018a dft_vrank_geq1_register:0:db8b66a4311b1a5f75e13e8e5497f09b
        fftw 8x80 back codelet_n2bv_10_avx:0:634d8eacb4d4d1821623d610cf6210cf codelet_t2bv_8_avx:0:84748c2c22f79d4675d89e2e2f844ed8 dft_vrank_geq1_register:0:634c327896e37a7b4fff4d526cca01bb
        fftw 8x96 forward codelet_n2fv_12_avx:0:7ac79a1543c397b5df0a8d1eaaea8be1 codelet_t2fv_8_avx:0:046acb889b6aca3d8fabfbb7974486b2 dft_vrank_geq1_register:0:325475598a45290cfe2708d2e9753d1e
        fftw 8x96 back codelet_n2bv_12_avx:0:4ae6579618199ec2faa59ad8f2226ee5 codelet_t2bv_8_avx:0:abda36110a1402185770bb15de936a22 dft_vrank_geq1_register:0:e1faa7d389a0bf165f515fa41004f338
        fftw 8x128 forward codelet_n2fv_32_avx:0:e4f1eca0f6127fbd4a1f12add334caed codelet_t2fv_4_avx:0:5ec309252495dcaff005b9f13c482ce2 dft_vrank_geq1_register:0:1a066e2f2f40916dd36d256c8fca82ed
        fftw 8x128 back codelet_n2bv_32_avx:0:1e5c4a573c06fa4ac80d4e309b1a6ad6 codelet_t2bv_4_avx:0:2d87ddb667603f4981b8b5598ee512d4 dft_vrank_geq1_register:0:110aa7b052eaaab4c797bbe1dc9add6d
        fftw 8x144 forward codelet_n2fv_12_avx:0:903c36d8a9df9bc35630dbd49320e409 codelet_t1fv_12_avx:0:e8d5fe1d0f2f6872fc476cbdc036a057 dft_vrank_geq1_register:0:8f9542f7f510549ed33b0adacfbfef39
        fftw 8x144 back codelet_n2bv_12_avx:0:5c5f6e379363306caa71a037ffa8bdcb codelet_t1bv_12_avx:0:bacce64e26aa5eb846a17fb533a6df7e dft_vrank_geq1_register:0:1cef4bd2923637155939ee6122b5e051
        fftw 8x160 forward codelet_n2fv_16_avx:0:a36d1cc5fbff3b92d5436f52e2ae735e codelet_t2fv_10_avx:0:b67186a8ef013beab51f06e699bbb2f3 dft_vrank_geq1_register:0:7950efb74291e520d1948e771050a4fe
        fftw 8x160 back codelet_n2bv_10_avx:0:729d56a6d0aea6f068ea4f290b1472ae codelet_t2bv_16_avx:0:82357ebfd5f1153a117a77a19b08ef80 dft_vrank_geq1_register:0:c9cb0828216e5027874a4f6b8dfbbd85
        fftw 8x192 forward codelet_n2fv_12_avx:0:ae588c7134ddd6a48407ecf8322660a4 codelet_t2fv_16_avx:0:3cdfdb3dcf500cfbfd12208a05fb0bf3 dft_vrank_geq1_register:0:1f304e5de7b97900d08b674b1efbb372
        fftw 8x192 back codelet_n2bv_12_avx:0:0f61c76cd750d64d425f0076a6827e9a codelet_t2bv_16_avx:0:c29f8195a1311f854e344cd795fcfb0e dft_vrank_geq1_register:0:cd87102bc64a0d8c7cdfe1f489a71e8d
        fftw 8x240 forward codelet_n2fv_12_avx:0:e63b0d4a2d9149faf85a1f1cc30b3a35 codelet_t2fv_20_avx:0:88323fe91a3a6d919d3910211978bb62 dft_vrank_geq1_register:0:4f4caaf20fb7f96a7db183b3908186f8
        fftw 8x240 back codelet_n2bv_12_avx:0:7fe305da5f352ec538c32ec1e03903e3 codelet_t2bv_20_avx:0:ecc523489f36eb220149566771a5a595 dft_vrank_geq1_register:0:0e64665a3c021d961314c05efe52f154
        fftw 8x256 forward codelet_n2fv_32_avx:0:8c8ebecc3271444aaebe0761ea1e7699 codelet_t2fv_8_avx:0:3545952b3c791b05a4e30bb8086617ce dft_vrank_geq1_register:0:8241085c62f2513ea3318d358bd8447b
        fftw 8x256 back codelet_n2bv_32_avx:0:8991e2cfb47ab06690a0db0d7221eb65 codelet_t2bv_8_avx:0:22d1609a6e67ff4f0f612de2700cc049 dft_vrank_geq1_register:0:dd66d71a2db9d1eb4477d440058555d0
        fftw 8x320 forward codelet_n2fv_16_avx:0:3e8b156cea1a1badd8b293e12a7602a7 codelet_t2fv_20_avx:0:f657bce0632085dcf072eeaedf4dec13 dft_vrank_geq1_register:0:1e79e2b824fb0daa64ae9b3f445af081
        fftw 8x320 back codelet_n2bv_10_avx:0:dab22da40b5c7d6e6389ffb6aad68807 codelet_t2bv_32_avx:0:df548524bcbbf03e3ce570a3d8a0d991 dft_vrank_geq1_register:0:1ec6ba0fc68e0c7962c7a4bcf60c572d
        fftw 8x384 forward codelet_n2fv_12_avx:0:f18ac3d3b18929713ea419d58824033c codelet_t2fv_32_avx:0:d6871b72801c4f5f59a24713ecaa2147 dft_vrank_geq1_register:0:5569db797f2e8aff5b483a9c9247cfef
        fftw 8x384 back codelet_n2bv_12_avx:0:faa8f822e2fc9d43f82ad3874cb98934 codelet_t2bv_32_avx:0:03b92f1fe63d8accc58e3d656d167ffd dft_vrank_geq1_register:0:43165b4e8a2be766e4aeeaeb99de1fe0
        fftw 8x400 forward codelet_n2fv_20_avx:0:ae29540d4893058fc5287f97feb51d45 codelet_t2fv_20_avx:0:bccec94523eb625c0544993eb9bbbaca dft_vrank_geq1_register:0:3dd77af17ec5f8003a78cf9a98b0bacd
        fftw 8x400 back codelet_n2bv_20_avx:0:14fc1039702487502cc10f0a32cb442e codelet_t2bv_20_avx:0:539294e09e267c3323e6e006ee0b80e8 dft_vrank_geq1_register:0:53ab55be3122c242ae5f6688fae2bcf6
        fftw 8x512 forward codelet_n2fv_32_avx:0:21bf8747375e18661b9ee1b5a0a9b5c3 codelet_t2fv_16_avx:0:29d244d9b3d2bbbabf089ac3213672fd dft_vrank_geq1_register:0:91220881b94db87c5b73b7ffa1ca15fb
        fftw 8x512 back codelet_n2bv_32_avx:0:392cf38e9472f5cd62e5fa2885cb2c5c codelet_t2bv_16_avx:0:d476aa5aa9c9f857ddc4d157e971522b dft_vrank_geq1_register:0:c5998eb35bfe2dfa4793a5b51ae2991f
        fftw 8x640 back codelet_n2bv_32_avx:0:d58e74b4b3f5667214dfa1f200c92e41 codelet_t2bv_20_avx:0:d54b3ec40d9312f42ab04c2124928d8b dft_vrank_geq1_register:0:803c46cdbad3ff85ecf463e7ae78b16a
        fftw 8x768 forward codelet_n2fv_12_avx:0:5fd342ccabfc76b4b69f7d7ab3f43032 codelet_t2fv_64_avx:0:e1727e9a8ff38eb8551a45bccf4973da dft_vrank_geq1_register:0:8f68db29a136927527f092f6d69148c8
        fftw 8x768 back codelet_n2bv_12_avx:0:693c622cc2eef6939eebebe8391b9e77 codelet_t2bv_64_avx:0:61dc9310fb44e38ff3a81474e7441690 dft_vrank_geq1_register:0:d35ffd26042639a8f73df7939ff8c321
        fftw 8x960 forward codelet_n2fv_12_avx:0:b77b2cfaeef26cfb52f91a171f30fd27 codelet_t2fv_10_avx:0:1087c2efabeaca4ddde099a41ae7afe3 codelet_t2fv_8_avx:0:aac2c75dee292e793bb2fe4f889ca3d4 dft_vrank_geq1_register:0:430a798126df586cba61e89ade18d37f dft_vrank_geq1_register:0:b952a0cb235dd6d5cbbf474f14ca2bb7
        fftw 8x960 back codelet_n2bv_12_avx:0:6fa71618af3a8835e9c9cdfeb5f080af codelet_t2bv_10_avx:0:239647e30fcbd2b4c4370f54bc09bc6e codelet_t2bv_8_avx:0:17af10e4e662a4aa657cd6ac24ea58b4 dft_vrank_geq1_register:0:3bd87d579aed749e49829e71ff26a309 dft_vrank_geq1_register:0:975f8591ac14aa2cb67d3971954ad17d
        fftw 8x1024 forward codelet_n2fv_64_avx:0:4fa8b2f3d93af2baec419f5aae14e9fd codelet_t2fv_16_avx:0:02214107ebe1189d240f643e1bdaa956 dft_vrank_geq1_register:0:cbcd951b8047fafd40a19a4fe75e1c27
        fftw 8x1024 back codelet_n2bv_32_avx:0:6d21ab0f07c9876da13cd913590b3428 codelet_t2bv_32_avx:0:7e441cca725d70fe87b096229ea388de dft_vrank_geq1_register:0:e39f8c3e840cb2697ca5b44fc3f864dc
        fftw 8x1280 forward codelet_n2fv_64_avx:0:0aa8fe3f76b6277e1a6e7c74c337d7e3 codelet_t2fv_20_avx:0:575816cd4237cbb3891c03b48bc30cc7 dft_vrank_geq1_register:0:4165ec73ed3f00d482147ee80aa57b57
        fftw 8x1280 back codelet_n2bv_64_avx:0:4613600fb52d1854d8e6f0b7d8d7e5a6 codelet_t1bv_20_avx:0:5eb364972380df427972ca3b32f74d15 dft_vrank_geq1_register:0:2e69ab32f93197743ce89e88db424963
        fftw 8x2048 forward codelet_n2fv_32_avx:0:dee5c0e87295d10d5970984f55f6d050 codelet_t2fv_64_avx:0:52d2c729d90ebce16bd78c1422b31d6d dft_vrank_geq1_register:0:a2ecc56d59418796e0ab6e1d2a95bd94
        fftw 8x2048 back codelet_n2bv_16_avx:0:fcc3a73f7b2707c7d3aeb5cbbf654047 codelet_t2bv_8_avx:0:568214c12cf419f7d64ce410a355d4ec codelet_t3bv_16_avx:0:57c043764352b9d4fd63a46ad4882174 dft_vrank_geq1_register:0:ba92a9f3ac69ea9439629e52c2e3bf13 dft_vrank_geq1_register:0:d7764b6ce191bb4b960481e296940b0e
        fftw 8x2560 forward codelet_n2fv_32_avx:0:941788b5f455198e5f478bc8198f421b codelet_t2fv_10_avx:0:e3407acda3d1ace9e43961cd2462244a codelet_t2fv_8_avx:0:cc7bdfe34ce6d6221f1da22c5f54b3a2 dft_vrank_geq1_register:0:3308c9a1b43e11a3c01c58204f7463e6 dft_vrank_geq1_register:0:4162743814e530af1beccaa05b10cf47
        fftw 8x2560 back codelet_n2bv_8_avx:0:8cb9a21cbd99258bed03aafa2b83c78d codelet_t1bv_16_avx:0:eebeb90709bf8b7a338b9fca05194463 codelet_t2bv_20_avx:0:d96d45a0c648bf750b3b7bb27fb41a36 dft_vrank_geq1_register:0:c8a444967595492ac46be7e1dd7afa7a dft_vrank_geq1_register:0:ea916a3886a49b4fe9abd8da2bab7903
        fftw 8x4096 forward codelet_n2fv_32_avx:0:dfa63ac97ad92f964132c74722b62076 codelet_t1fv_8_avx:0:219f3c3cda4ab887c91b9e6f63181efb codelet_t2fv_16_avx:0:730e35f080430f15e928d6bfcc157970 dft_vrank_geq1_register:0:53e552278f452cd184a2877959f8a0a5 dft_vrank_geq1_register:0:a276cffdce2d9bb26f36ad49a3e19fbc
        fftw 8x4096 back codelet_n2bv_8_avx:0:58e084147b078369766d3bc45f3a4cc0 codelet_t1bv_8_avx:0:fe88ccc9c2289a2a6219fbebb02ed5a8 codelet_t2bv_64_avx:0:cca4171263596e7af90aba33ee46b31c dft_vrank_geq1_register:0:53487dc646a1ae76602b17fefb5cb811 dft_vrank_geq1_register:0:b86d63c925cce2de240fbdd2f766f4af
        fftwf fftw-3.3.10 9e7d4deedb14fed134bf76a4eb6e8fdf 11cec
        fftwf 1x32 forward codelet_n2fv_8_avx:0:7762d90b5d2dda4dd0913aaa2277f831 codelet_t2fv_4_avx:0:2e409fb5c8ae30f59595d1bff92668ad
        fftwf 1x32 back codelet_n2bv_8_avx:0:8e850db9586d09203fa730b1871ca6ac codelet_t1bv_4_avx:0:9d2a9389a11bb061ea224368b6d89bb4
        fftwf 1x64 forward codelet_n2fv_8_avx:0:43891fa9e40b2f6ff3e0a288e5b9cf92 codelet_t2fv_8_avx:0:161166c705df8f94d8ed13e384c874a9
        fftwf 1x64 back codelet_n2bv_8_avx:0:051523627501c200ae06a8b085142771 codelet_t2bv_8_avx:0:bc91c04d38665880cf42304362f00107
        fftwf 1x80 forward codelet_n2fv_4_avx:0:cd0efdf68f79ae45e039b2b7bdd2e3b0 codelet_t1fv_20_avx:0:b594572834cbc646bada9167fbd5e37d
        fftwf 1x80 back codelet_n2bv_4_avx:0:d12bcb71eee99e205f1399e45ab100a4 codelet_t2bv_20_avx:0:22959717c82f14619af321fbd19f81ae
        fftwf 1x96 forward codelet_n2fv_12_avx:0:971b237a28e351a60a08a33981722620 codelet_t2fv_8_avx:0:f94f413b275dd9793e16133f073b377e
        fftwf 1x96 back codelet_n2bv_12_avx:0:7337fea4d019632181a8ee675ab1b745 codelet_t2bv_8_avx:0:2a92a728f0b1c59dac0110cc1840331c
        fftwf 1x128 forward codelet_n2fv_8_avx:0:6af30f58888f2b57e7e2a33a9ba6b982 codelet_t2fv_16_avx:0:8f86ac3f7cc3d8dbc7865eccea8b825e
        fftwf 1x128 back codelet_n2bv_8_avx:0:bd7ff3043b08865b47962b2bd1189ffa codelet_t2bv_16_avx:0:decbd8fc48c91b311e3d2434c732f759
        fftwf 1x160 forward codelet_n2fv_8_avx:0:4c1bd5f1086d3710b96c551f678b0dd0 codelet_t2fv_20_avx:0:b1d871c336dc3ba117f99e300360232b
        fftwf 1x160 back codelet_n2bv_8_avx:0:e04957283937d35409108f4b0ba4b23d codelet_t2bv_20_avx:0:de2b655788f486e093d0537745277653
        fftwf 1x192 forward codelet_n2fv_12_avx:0:f5fcc386c5c0c034850b294909609d6d codelet_t2fv_16_avx:0:8d1f35781ac0cdc44beac6749ce1902e
        fftwf 1x192 back codelet_n2bv_12_avx:0:c2256c59bb6c6605673619450b4bc192 codelet_t2bv_16_avx:0:522308201ca5c87f3c4ff04a35918c88
        fftwf 1x240 forward codelet_n2fv_12_avx:0:0c1c0a05e0c90ceb73f95c3881a48a01 codelet_t2fv_20_avx:0:f79e079a0925af656aa428bde5859c33
        fftwf 1x240 back codelet_n2bv_12_avx:0:543482bcdb8840ab0f100d8c0879128b codelet_t2bv_20_avx:0:0b444ac15fe71f889ac1bef0a15d3b6b
        fftwf 1x256 forward codelet_n2fv_8_avx:0:a65d78bf28c8422e8fef6075ac0aeb71 codelet_t2fv_32_avx:0:2c50659a343a7df7d727540dacfea1f9
        fftwf 1x256 back codelet_n2bv_8_avx:0:017d7382bd6f3d641cc0b76d12cff5e6 codelet_t2bv_32_avx:0:b070d95823f0478f95da449c52df1d59
        fftwf 1x320 forward codelet_n2fv_16_avx:0:71453859564e84b3b4ad7e078172df09 codelet_t2fv_20_avx:0:06ae2b11fbf6e07c9ae954a2648df472
        fftwf 1x320 back codelet_n2bv_16_avx:0:0f89a429d5be9fda3c36f26347686d63 codelet_t2bv_20_avx:0:26b2251827332121d0851861fcfc16ca
        fftwf 1x384 forward codelet_n2fv_12_avx:0:a468690d5907d6e80d372b67f0a85d14 codelet_t2fv_32_avx:0:94ad6858a5d3066cdc1ed7d4b9d0d5dd
        fftwf 1x384 back codelet_n2bv_12_avx:0:45e445ab5c505f693dbbbb4155d7ba9e codelet_t2bv_32_avx:0:8c94b2aeae45727e9ade7b129071390e
        fftwf 1x400 forward codelet_n2fv_20_avx:0:7a0afacaf966c44402757e9561c6607d codelet_t2fv_20_avx:0:189aeebe3bb6467953474e22252091b0
        fftwf 1x400 back codelet_n2bv_20_avx:0:3d74e141aea1c54ba5186d8149e4369e codelet_t2bv_20_avx:0:3da58366b7d6a2da437dcc997c166232
        fftwf 1x512 forward codelet_n2fv_16_avx:0:6bc654fe3dad2fa15cd16e26494045a5 codelet_t2fv_32_avx:0:feec02f8bbf06357b26e7a2bf7b9dcb8
        fftwf 1x512 back codelet_n2bv_32_avx:0:7915b12948243e82e00b783fe6fb8a03 codelet_t2bv_16_avx:0:71b35416033191ee08427f48060813e0
        fftwf 1x640 forward codelet_n2fv_32_avx:0:35e103dd4cf8f4bd1780a9e89bf38167 codelet_t2fv_20_avx:0:3dce61cd734c6dee2dc5352a8304534b
        fftwf 1x640 back codelet_n2bv_32_avx:0:943bb2a909c42a5d122589bafab7ee77 codelet_t2bv_20_avx:0:d0940e0ec72734f1ef0bbd22620052fc
        fftwf 1x768 forward codelet_n2fv_12_avx:0:ecd9d86637ea629548c8aebe0b85c7fe codelet_t2fv_64_avx:0:3cc9797d91d96cce23d084810d4d65b2
        fftwf 1x768 back codelet_n2bv_12_avx:0:b3f3e01d274c1b2eec22e7dd3833d655 codelet_t2bv_64_avx:0:8e69159fdbba7098a44079db55214eca
        fftwf 1x960 forward codelet_n2fv_12_avx:0:cd3b7827a066062b13f9d79ebf09f79a codelet_t2fv_20_avx:0:8e67299c7a7f265970764918d1a71aec codelet_t2fv_4_avx:0:875b31ed6cc2aa9142bb61e60e9daa78 dft_vrank_geq1_register:0:8b59dc2eb9c1fa427595a9d11340d9e2
        fftwf 1x960 back codelet_n2bv_12_avx:0:bfd08b9ee287cabd9be160a1a79014c3 codelet_t2bv_10_avx:0:1f74c5e0e237b26e728117952066e821 codelet_t3bv_8_avx:0:40f737ed7bfc34044ae8b5488dce3cd2 dft_vrank_geq1_register:0:536cf177859ba4ff522202575f6b4100
        fftwf 1x1024 forward codelet_n2fv_32_avx:0:407181dc8a77cb1ea88df8c5a32373b5 codelet_t2fv_32_avx:0:c6ca45cef08c5f4a61a53adee5e374c8
        fftwf 1x1024 back codelet_n2bv_32_avx:0:9eb2edbf922114aeb3ba36b931dd942c codelet_t2bv_32_avx:0:d86f0fcc804581bb5ccfdfba14108c49
        fftwf 1x1280 forward codelet_n2fv_64_avx:0:5fc900e0a70664fbe9d21e06376faa9e codelet_t2fv_20_avx:0:aed69ceae0da4853eb2ee8047dcf907c
        fftwf 1x1280 back codelet_n2bv_64_avx:0:574af47fba902c5ca31075d1239fd2eb codelet_t1bv_20_avx:0:ddc24bd57fefbaf79857c7e53c336f95
        fftwf 1x2048 forward codelet_n2fv_64_avx:0:b8f489023e3cffd50902e318ff82254a codelet_t2fv_32_avx:0:a5af12be8ea95383cd10c847e6812dfa
        fftwf 1x2048 back codelet_n2bv_64_avx:0:6c447a5788d0c09474220cbda4af46b7 codelet_t2bv_32_avx:0:889f271bfc322bc377dab9f2358ba725
        fftwf 1x2560 forward codelet_n2fv_8_avx:0:b5baa85b61dd60122f67bfc734f2da16 codelet_t2fv_16_avx:0:0135511f6f77995924b594254e445b74 codelet_t2fv_20_avx:0:badfdc2b7cce05b89833b0234f830354 dft_vrank_geq1_register:0:25f495bdeb93cd0c88be1aadb564a0ac
        fftwf 1x2560 back codelet_n2bv_16_avx:0:1097e8be88af84291dbc2abf66c7a0ca codelet_t2bv_20_avx:0:e1c8ca69f3da60c652fc7e1a86111242 codelet_t2bv_8_avx:0:27c34a9e92fe18cae1d1e45fb0a489f9 dft_vrank_geq1_register:0:66b1b761b4cb5d3e25335d6911ddb428
        fftwf 8x48 forward codelet_n2fv_12_avx:0:7403c955a8b18459668fd4f2ec9f1486 codelet_t2fv_4_avx:0:2f0bfc60db138b30468871d7526b40b6 dft_vrank_geq1_register:0:47ffefe5163aa0504e86d799fe12caea
        fftwf 8x48 back codelet_n2bv_12_avx:0:dc60dab6cb6adbfa6144492ffef5d29f codelet_t1bv_4_avx:0:f559d045c883b89127511cf6867bbc6f dft_vrank_geq1_register:0:cd34dc2e9a96681605ffec8a7047f2fe
        fftwf 8x64 forward codelet_n2fv_8_avx:0:43891fa9e40b2f6ff3e0a288e5b9cf92 codelet_t2fv_8_avx:0:8697d65e774a2510b03149af992c3ed2 dft_vrank_geq1_register:0:17dc1f2109ad7316136ed2356083ba4a
        fftwf 8x64 back codelet_n2bv_8_avx:0:051523627501c200ae06a8b085142771 codelet_t2bv_8_avx:0:1aa266de35dac0ad57f8f9c9adea5990 dft_vrank_geq1_register:0:6b330c46276333e2f85f99e90f78a24b
        fftwf 8x80 forward codelet_n2fv_4_avx:0:cd0efdf68f79ae45e039b2b7bdd2e3b0 codelet_t2fv_20_avx:0:19518884f7ca137dded17838403f7246 dft_vrank_geq1_register:0:2d929663b16122094ef9fd380c4095fd
        fftwf 8x80 back codelet_n2bv_4_avx:0:d12bcb71eee99e205f1399e45ab100a4 codelet_t2bv_20_avx:0:692eb8a099b9bc1ebda3fee30d4defb2 dft_vrank_geq1_register:0:7e382d2998a3e73722c80db890104461
        fftwf 8x96 forward codelet_n2fv_12_avx:0:971b237a28e351a60a08a33981722620 codelet_t2fv_8_avx:0:23814c64f84486ca870638915f9d900b dft_vrank_geq1_register:0:703cf7d905f16da1da07651eee51cc19
        fftwf 8x96 back codelet_n2bv_12_avx:0:7337fea4d019632181a8ee675ab1b745 codelet_t2bv_8_avx:0:a5e13a36cab57e232d1aeb5ccbf936bb dft_vrank_geq1_register:0:741b0cb28fc75aef2f509939a56d724c
        fftwf 8x128 forward codelet_n2fv_8_avx:0:6af30f58888f2b57e7e2a33a9ba6b982 codelet_t2fv_16_avx:0:6b348c4d05f7491f5ce1f01ab640b482 dft_vrank_geq1_register:0:7fdb84b442375f0c60bc70001c7dfeb1
        fftwf 8x128 back codelet_n2bv_8_avx:0:bd7ff3043b08865b47962b2bd1189ffa codelet_t2bv_16_avx:0:fcc88dc71330c5e35bafc178e79dc5ba dft_vrank_geq1_register:0:948c8df143084f733ed3bf2b583d0bd9
        fftwf 8x144 forward codelet_n2fv_12_avx:0:3e7ff314b87678366ecfe0fdc1a5bd61 codelet_t1fv_12_avx:0:0e2121d246a8d41a5407e0d11cb4f017 dft_vrank_geq1_register:0:0166262e95fa6539e04eba7db87d4328
        fftwf 8x144 back codelet_n2bv_12_avx:0:6c58ba469c8bf5741c7b721a2ff2778a codelet_t1bv_12_avx:0:2aeb4eb15af5afb2617f869171739ec4 dft_vrank_geq1_register:0:3aabee75e7c1067b79d876dca46de094
        fftwf 8x160 forward codelet_n2fv_8_avx:0:4c1bd5f1086d3710b96c551f678b0dd0 codelet_t2fv_20_avx:0:5633e980e059cfeb94ad8e37a37bee9d dft_vrank_geq1_register:0:dca21365eb61ff0a26e488b071f03768
        fftwf 8x160 back codelet_n2bv_8_avx:0:e04957283937d35409108f4b0ba4b23d codelet_t2bv_20_avx:0:71d6af30d944bf4dfc5dfe124b18744b dft_vrank_geq1_register:0:3cbb7c60886adf6d2fd8e3a4cc6916bc
        fftwf 8x192 forward codelet_n2fv_12_avx:0:f5fcc386c5c0c034850b294909609d6d codelet_t2fv_16_avx:0:2cf3d7ebf832b86fea0d2f35fb84413e dft_vrank_geq1_register:0:29b4e34fb6f1fc5e743e5efa896341d5
        fftwf 8x192 back codelet_n2bv_12_avx:0:c2256c59bb6c6605673619450b4bc192 codelet_t2bv_16_avx:0:0bd444c6e3d603ce70bfad1078db0c2a dft_vrank_geq1_register:0:e228874a2bdcba5a6fc3a68ec9f5b482
        fftwf 8x240 forward codelet_n2fv_12_avx:0:0c1c0a05e0c90ceb73f95c3881a48a01 codelet_t2fv_20_avx:0:3cedb9b1fda7252277dd7edb30a52909 dft_vrank_geq1_register:0:07b06e8a39cf72b96adadb26516afeab
        fftwf 8x240 back codelet_n2bv_12_avx:0:543482bcdb8840ab0f100d8c0879128b codelet_t2bv_20_avx:0:6f617f4d3d7611d2a6314bfdda1220ff dft_vrank_geq1_register:0:1a210bcac52ae9bbf88e482d7c746ab0
        fftwf 8x256 forward codelet_n2fv_8_avx:0:a65d78bf28c8422e8fef6075ac0aeb71 codelet_t2fv_32_avx:0:afe76e8fa2ac22214696d094d1cc3cad dft_vrank_geq1_register:0:5447e2274b8f4792c1dfb8ea6428f74d
        fftwf 8x256 back codelet_n2bv_8_avx:0:017d7382bd6f3d641cc0b76d12cff5e6 codelet_t2bv_32_avx:0:7e6c52314cb66c73bf08e033f94e3aa5 dft_vrank_geq1_register:0:974f603c7cd598be50d61b9097de234a
        fftwf 8x320 forward codelet_n2fv_20_avx:0:3bcedf086250e4570896ad4e8567cdd2 codelet_t2fv_16_avx:0:67c9ded060149ade8045864955109364 dft_vrank_geq1_register:0:4f1c2b5be62f02df314897d35ca9a1b6
        fftwf 8x320 back codelet_n2bv_20_avx:0:ecf8888686ff3945aab22ad5f40568b0 codelet_t2bv_16_avx:0:26b2251827332121d0851861fcfc16ca dft_vrank_geq1_register:0:3a43cdb66b621a194d117e36706e386c
        fftwf 8x384 forward codelet_n2fv_12_avx:0:a468690d5907d6e80d372b67f0a85d14 codelet_t2fv_32_avx:0:83f8210906ec5f082ffa898ad1841cff dft_vrank_geq1_register:0:e4176fae2af56298215c6cbe8f571976
        fftwf 8x384 back codelet_n2bv_12_avx:0:45e445ab5c505f693dbbbb4155d7ba9e codelet_t2bv_32_avx:0:8c94b2aeae45727e9ade7b129071390e dft_vrank_geq1_register:0:ab8e68ac74c77126904bbeeb6d958414
        fftwf 8x400 forward codelet_n2fv_20_avx:0:7a0afacaf966c44402757e9561c6607d codelet_t2fv_20_avx:0:189aeebe3bb6467953474e22252091b0 dft_vrank_geq1_register:0:7f7f32b7fbc3d3e6395af8192842015a
        fftwf 8x400 back codelet_n2bv_20_avx:0:3d74e141aea1c54ba5186d8149e4369e codelet_t2bv_20_avx:0:3da58366b7d6a2da437dcc997c166232 dft_vrank_geq1_register:0:697e27bf96c2c72623baf8d5a7c95b9e
        fftwf 8x512 forward codelet_n2fv_64_avx:0:60f7dd6be5962c71960dc0f42fbec2ab codelet_t2fv_8_avx:0:6347b7e668d9421031b7c46fa4c1529f dft_vrank_geq1_register:0:89110dd7bcac0a979f443d30c44cad69
        fftwf 8x512 back codelet_n2bv_8_avx:0:3c3f5102a27b92c3235c75ee2fe6d6a2 codelet_t2bv_64_avx:0:6344b13e0a945b986650b1e282531e00 dft_vrank_geq1_register:0:5decb4120fedbc67596641806180f422
        fftwf 8x640 forward codelet_n2fv_20_avx:0:57bdb844c3bad151c57e7224a06d5f8f codelet_t2fv_32_avx:0:3dce61cd734c6dee2dc5352a8304534b dft_vrank_geq1_register:0:58a7315ada2977704a1dc96f55961f38
        fftwf 8x640 back codelet_n2bv_32_avx:0:943bb2a909c42a5d122589bafab7ee77 codelet_t2bv_20_avx:0:930c2fc58a841a1af413ce7871674eaa dft_vrank_geq1_register:0:5fcf1fa368ae431e91c6bc2cce438047
        fftwf 8x768 forward codelet_n2fv_12_avx:0:ecd9d86637ea629548c8aebe0b85c7fe codelet_t2fv_64_avx:0:fc6b3482a0b54e128b92577b576a601a dft_vrank_geq1_register:0:091cd1f9dbc9474308396df762f5ef86
        fftwf 8x768 back codelet_n2bv_12_avx:0:b3f3e01d274c1b2eec22e7dd3833d655 codelet_t2bv_64_avx:0:b5572e769a2bec018eaf4c3ef18e9d3b dft_vrank_geq1_register:0:59c8185fb6ab83b21298c3389349ab02
        fftwf 8x960 forward codelet_n2fv_12_avx:0:e1068e670ba805a16607f26635470a54 codelet_t2fv_20_avx:0:7df5c30bcd616f7bd5ff5d80cdde6443 codelet_t2fv_4_avx:0:8e67299c7a7f265970764918d1a71aec dft_vrank_geq1_register:0:08279b1f88b354ef64236f0efa58834f dft_vrank_geq1_register:0:b15d69d77a59271be755aaa42630444b
        fftwf 8x960 back codelet_n2bv_12_avx:0:bfd08b9ee287cabd9be160a1a79014c3 codelet_t2bv_10_avx:0:1f74c5e0e237b26e728117952066e821 codelet_t2bv_8_avx:0:40f737ed7bfc34044ae8b5488dce3cd2 dft_vrank_geq1_register:0:312b486df120128617bd1c41ad3d130a dft_vrank_geq1_register:0:536cf177859ba4ff522202575f6b4100
        fftwf 8x1024 forward codelet_n2fv_32_avx:0:407181dc8a77cb1ea88df8c5a32373b5 codelet_t2fv_32_avx:0:c6ca45cef08c5f4a61a53adee5e374c8 dft_vrank_geq1_register:0:4e1545f3994822b129b6ce4b493b4f11
        fftwf 8x1024 back codelet_n2bv_64_avx:0:b994f532d7108882e0c55958b3fe0491 codelet_t2bv_16_avx:0:3a9d247b0c5023693220d1bf18c9f148 dft_vrank_geq1_register:0:a6469da53159ee7f9632176e2b6b2bdf
        fftwf 8x1280 forward codelet_n2fv_64_avx:0:5fc900e0a70664fbe9d21e06376faa9e codelet_t1fv_20_avx:0:aed69ceae0da4853eb2ee8047dcf907c dft_vrank_geq1_register:0:a24e674e93e66d6127cdd5672913dd8e
        fftwf 8x1280 back codelet_n2bv_64_avx:0:574af47fba902c5ca31075d1239fd2eb codelet_t2bv_20_avx:0:db258b514b2371783dc314234e4db971 dft_vrank_geq1_register:0:b213a2737b65ee34d94a80e99b647430
        fftwf 8x2048 forward codelet_n2fv_64_avx:0:b8f489023e3cffd50902e318ff82254a codelet_t1fv_32_avx:0:bb421b0c3844aac2e21ff9a660ea1669 dft_vrank_geq1_register:0:0b6b70fda20ff554887d2e3171f005d2
        fftwf 8x2048 back codelet_n2bv_64_avx:0:6c447a5788d0c09474220cbda4af46b7 codelet_t1bv_32_avx:0:dce5ed11bd453ef19d6268bc5446ce49 dft_vrank_geq1_register:0:881e37e81247e0a1beb60cfc66267d0e
        fftwf 8x2560 forward codelet_n2fv_8_avx:0:867bee7bab8a6bb4036c01e0676aea95 codelet_t1fv_16_avx:0:303dbab6269e1554f6d8d2c561d9a4eb codelet_t2fv_20_avx:0:d7d3f0831a0013cd06a2d7df1c60cf92 dft_vrank_geq1_register:0:518878697da0e460ab813528af5d97b8 dft_vrank_geq1_register:0:62400afb32db151fcbf0569fd6a15872
        fftwf 8x2560 back codelet_n2bv_8_avx:0:58700d790ba5991f1cffa6509b845af4 codelet_t2bv_16_avx:0:e1c8ca69f3da60c652fc7e1a86111242 codelet_t2bv_20_avx:0:234e647bcca15ef78a46366c8559c29e dft_vrank_geq1_register:0:1a16a5acae5612569b0fdef26cb5367a dft_vrank_geq1_register:0:c5437e9f39d48505f4a1da284f3091ca
        fftwf 8x4096 forward codelet_n2fv_8_avx:0:1ec42d7df7b5dd1467c339dbeae50980 codelet_t2fv_16_avx:0:44cf1ed8749e67de98508fa50fd2d24f codelet_t2fv_32_avx:0:96cf205616a3d8be981d2c5321b955c9 dft_vrank_geq1_register:0:121d613d8fb04c51be245e41371dd9df dft_vrank_geq1_register:0:828e5ade3e9d69c14e3dc04993a4ba13
        fftwf 8x4096 back codelet_n2bv_16_avx:0:ca0a1a82d1492027553bfb9ed67346b3 codelet_t1bv_16_avx:0:25f84946a6eba64ad74b4ff631b3ac90 codelet_t2bv_16_avx:0:f58c6fa48d6f5cc51fc611413b27908b dft_vrank_geq1_register:0:30dddba4cc0377d76b771de94cf726c4 dft_vrank_geq1_register:0:680be90f796fde8f60df7e8c4c9728c8
        """
}
