// Reading the reports of ctest and pytest.

import t from 'tap'

const { attribute, testCases, text } = await import(new URL('../../../scripts/testing/junit.mjs', import.meta.url).href)

t.test('reads the JUnit XML of ctest and pytest', async (t) => {
  const cases = testCases(
    '<testsuite><testcase name="a &lt;b&gt;" time="0.5" status="run"><system-out>1 &amp; 2</system-out></testcase>' +
      '<testcase name="c" time="1"/><testcase name="d"><failure message="a > b">no</failure></testcase></testsuite>',
  )
  t.same(
    cases.map(({ open }: { open: string }) => attribute(open, 'name')),
    ['a <b>', 'c', 'd'],
  )
  t.equal(attribute(cases[0].open, 'status'), 'run')
  t.equal(text(cases[0].body), '1 & 2')
  t.match(cases[2].body, '<failure')
})
