<?php
// This file is part of syncd's companion, a plugin for Moodle - http://moodle.org/
//
// It is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// It is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <http://www.gnu.org/licenses/>.

/**
 * What this plugin says, in English.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['actionunknown'] = '{$a} is no action: add, enable, disable or delete is.';
$string['cohortmissing'] = 'No cohort with the id {$a} can be bound to this course.';
$string['emailtaken'] = 'Another account has the e-mail address {$a}.';
$string['fieldempty'] = '{$a} is empty.';
$string['fieldinvalid'] = 'The value of {$a} is not one that Moodle takes.';
$string['fieldunknown'] = 'There is no field {$a}.';
$string['groupmissing'] = 'No group with the id {$a} is there.';
$string['invalidcourseid'] = 'No course with the id {$a} is there.';
$string['invaliduserid'] = 'No account with the id {$a} is there, or it is deleted or the guest\'s.';
$string['membernotours'] = 'Somebody else than syncd put the user {$a} into the group.';
$string['memberprotected'] = 'The membership belongs to {$a}, which keeps it.';
$string['methoddisabled'] = 'The enrolment method {$a} is disabled on this site.';
$string['methodsynchronised'] = 'Enrolments by {$a} follow from something else and can\'t be changed one by one.';
$string['methodunknown'] = '{$a} is no enrolment method that can be used here.';
$string['moduleunknown'] = 'This site has no module {$a}.';
$string['noinstance'] = 'The course has no enrolment instance of the method {$a}, or none that is open.';
$string['optioninvalid'] = 'The option {$a->name} can\'t be {$a->value}.';
$string['optionsmissing'] = 'Nothing says what is to be reset.';
$string['optionunknown'] = 'There is no option {$a}.';
$string['passwordmissing'] = 'An account of this kind needs a password, or createpassword.';
$string['passwordweak'] = 'The password is too weak: {$a}';
$string['picturenotread'] = 'The file is no picture that Moodle can read.';
$string['pluginname'] = 'syncd\'s companion';
$string['privacy:metadata:core_group'] = 'Members whom syncd puts into groups are marked as put there by it.';
$string['privacy:metadata:preference:picture'] = 'Hash of the file that the user\'s picture was made of, and its revision.';
$string['privacy:picture'] = 'Hash of the file that the user\'s picture was made of, and the picture\'s revision';
$string['resetfailed'] = 'The reset was not carried out: {$a}';
$string['roleunassignable'] = 'The role with the id {$a} is not there, or may not be assigned in this course.';
$string['roleunknown'] = 'There is no role {$a}.';
$string['sectioninvalid'] = 'There can be no section {$a->section}: they go from 0 to {$a->most}.';
$string['timesinvalid'] = 'An enrolment can\'t end before it begins.';
$string['toomany'] = 'One call may hold {$a} at most.';
$string['unknowncategory'] = 'No category with the id {$a} is there.';
$string['usernametaken'] = 'Another account has the user name {$a}.';
$string['usernotdeleted'] = 'No deleted account had the user name {$a}.';
$string['userunenrolled'] = 'The user {$a} is not enrolled in the group\'s course.';
